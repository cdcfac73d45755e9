// Parameters against nextflow_schema.json: the help text, and a line for whatever is wrong with them.

// The schema's text to a map.
def readSchema(path) {
    return new groovy.json.JsonSlurper().parse(path.toFile())
}

// Text of --help: every parameter by group, with its type, default and choices, in lines of 88 characters.
def helpText(schema) {
    def lines = [schema.description, '', 'Usage: nextflow run cassia --input TABLE --tissue T --species S --outdir DIR']
    schema['$defs'].values().each { group ->
        lines += [''] + wrap("${group.title}: ${group.description}", 88)
        group.properties.each { name, spec ->
            def required = name in (group.required ?: []) ? ' (required)' : ''
            def choices = spec['enum'] ? " One of ${spec['enum'].join(', ')}." : ''
            def preset = spec['default'] == null || spec.type == 'boolean' ? '' : " [default: ${spec['default']}]"
            lines << "  --${name} ${spec.type == 'boolean' ? '' : spec.type}${required}"
            lines += wrap("${spec.description}${choices}${preset} ${spec.help_text ?: ''}", 88 - 8).collect { line -> "        ${line}" }
        }
    }
    return lines.join('\n') + '\n'
}

// The parameters with each value in its type by the schema, however the launch handed it over: Nextflow 26.04 and later
// make a text of all that stands on the command line, older ones a number of 30 and a Boolean of true. A value that does not
// fit its type stays as it is, for checkParameters to refuse.
def typedParameters(given, schema) {
    def specs = schema['$defs'].values().collectEntries { group -> group.properties }
    return given.collectEntries { name, value -> [name, "${value}" == 'null' ? null : typedValue(value, specs[name]?.type)] }
}

// A value in its type; as it is if it does not fit.
def typedValue(value, type) {
    def text = "${value}"
    if (type == 'boolean' && text.toLowerCase() in ['true', 'false']) {
        return text.toBoolean()
    }
    if (type == 'integer' && isWholeNumber(text)) {
        return text.toInteger()
    }
    return type == 'number' && isNumber(text) ? new BigDecimal(text) : value
}

def isWholeNumber(text) {
    return text ==~ /[-+]?\d{1,9}/
}

def isNumber(text) {
    return text ==~ /[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d{1,3})?/
}

// Adds a line to `problems` for each parameter that is unknown, missing, of a wrong type, out of range, or names no file.
def checkParameters(given, schema, problems) {
    def groups = schema['$defs'].values()
    def specs = groups.collectEntries { group -> group.properties }
    given.keySet().findAll { name -> !specs.containsKey(name) }.each { name ->
        problems << "--${name}: there is no such parameter; ${remedyFor(name, specs.keySet())} (--help lists all)"
    }
    specs.each { name, spec ->
        def fault = given[name] == null ? null : faultOnLaunch(given[name], spec) ?: faultOf(given[name], spec)
        if (fault) {
            problems << "--${name} ${given[name] instanceof Boolean ? '' : shown(given[name])}".trim() + ": ${fault}"
        }
    }
    specs.findAll { name, spec -> given[name] == null && spec['default'] != null }.each { name, spec ->
        problems << "--${name}: a value is missing; leave it out for its default, ${spec['default']}"
    }
    groups.collectMany { group -> group.required ?: [] }.findAll { name -> given[name] == null }.each { name ->
        problems << "--${name} is missing: ${specs[name].description} (--help lists all)"
    }
}

// What to do instead of giving a parameter that there is not: words of the command line, of Python and of CASSIA first.
def remedyFor(name, known) {
    def plain = name.replaceAll(/([a-z])([A-Z])/, '$1_$2').toLowerCase().replace('-', '_')
    def ours = [
        input: ['marker', 'markers', 'table', 'file', 'samplesheet'],
        outdir: ['output', 'output_dir', 'out', 'out_dir', 'results'],
        name: ['sample', 'output_name'],
        species: ['organism'],
        cluster_column: ['celltype_column'],
        gene_column: ['gene_column_name'],
    ]
    def meant = ours.find { _parameter, words -> plain in words }?.key
    if (plain in ['resume', 'profile', 'params_file', 'work_dir']) {
        return "Nextflow's own options have one dash: -${plain.replace('_', '-')}"
    }
    if (plain in ['key', 'api_key']) {
        return "the provider's key goes into its environment variable, or among Nextflow's secrets"
    }
    return "did you mean --${meant ?: nearest(plain, known)}?"
}

// What can be wrong with a value only because of how Nextflow reads a command line; or null.
def faultOnLaunch(value, spec) {
    // An option without a value after it is true, and to some versions the text true.
    def text = value.toString()
    if ((text in ['true', 'false'] && spec.type != 'boolean') || (!text && spec.format)) {
        return "a value is missing; expected ${spec.type}"
    }
    if (value instanceof Collection || value instanceof Map) {
        return "expected one value of type ${spec.type}, not a list or map"
    }
    if (spec.type == 'boolean' && !(value instanceof Boolean)) {
        return 'expected nothing, true or false after it'
    }
    if (spec.type == 'string' && value instanceof Number) {
        return "Nextflow has read this as a number (007 becomes 7); write it with quotes into a file, as NAME: \"007\", and add -params-file FILE"
    }
    if (spec.type == 'string' && text.contains('\ufffd')) {
        return 'the text did not arrive as UTF-8; set LC_ALL=C.UTF-8 and start again'
    }
    return spec.exists ? faultOfFile(fileOf(text)) : null
}

// The file that a text names, in a folder if there is one of that name, else from the launch folder; null where Nextflow takes it
// for no path: with a space in front, of an unknown scheme, or with letters that the locale does not have. The web is not asked:
// whether Nextflow can depends on how it was started.
def fileOf(text, folder = null) {
    if (text ==~ /(?is)\s*(https?|ftp):.*/) {
        return null
    }
    try {
        def inFolder = folder && !text.contains('://') ? folder.resolve(text) : null
        return inFolder?.exists() ? inFolder : file(text, glob: false)
    }
    catch (Exception _unfit) {
        return null
    }
}

// What is expected instead of a value, by its part of a schema; null if it is right.
def faultOf(value, spec) {
    def text = value.toString()
    if (spec.type == 'boolean' && !(text.toLowerCase() in ['true', 'false'])) {
        return 'expected true or false'
    }
    if (spec.type == 'integer' && !isWholeNumber(text)) {
        return text ==~ /[-+]?\d+/ ? 'expected a whole number of at most nine digits' : 'expected a whole number'
    }
    if (spec.type == 'number' && !isNumber(text)) {
        return 'expected a number'
    }
    if (spec.minimum != null && new BigDecimal(text) < spec.minimum) {
        return "expected at least ${spec.minimum}"
    }
    if (spec['enum'] && !(text in spec['enum'])) {
        return "expected one of ${spec['enum'].join(', ')}; did you mean ${nearest(text, spec['enum'])}?"
    }
    if (spec.pattern && !(text ==~ spec.pattern)) {
        def near = (spec.examples ?: []).min { word -> editDistance(text.toLowerCase(), word) }
        def isNear = near && editDistance(text.toLowerCase(), near) <= 3
        return "expected ${spec.errorMessage}${isNear ? "; did you mean ${near}?" : ''}"
    }
    return null
}

// Why a path cannot be read as a file; null if it can.
def faultOfFile(path) {
    if (path == null) {
        return 'expected the path of a file, without spaces around it; one of the web must be downloaded first (letters beyond ASCII need LC_ALL=C.UTF-8)'
    }
    if (!path.exists()) {
        return 'no such file'
    }
    if (path.isDirectory()) {
        return 'this is a folder; expected a file'
    }
    return faultOfName(path) ?: java.nio.file.Files.isReadable(path) ? null : 'no permission to read it'
}

// What in a file's name, or its folder's, the shell of a task could take for something else than a name, as Nextflow does
// not quote it there; or null. Of names only letters, digits and a few marks are taken.
def faultOfName(path) {
    def name = "${path.fileName}"
    def inName = name.find(/[^\p{L}\p{M}\p{N} ._+@=,~#%-]/)
    def found = inName ?: "${path.toAbsolutePath().parent}".find(/[$`\\*?\[\]{}\p{Cntrl}]/)
    def what = inName ? 'it' : 'the folder'
    if (found == '$') {
        return "Nextflow takes a \$ in a path for a variable of the shell; rename ${what}"
    }
    if (found) {
        return "the shell of a task could run a ${inName ? 'file name' : 'path'} with ${spelled(found)} in it; rename ${what} to letters, digits, spaces inside and . _ - + @ = , ~ # %"
    }
    return name == name.trim() ? null : 'the file name starts or ends with a space; rename it'
}

// A character as messages show it: an unseen one by its number.
def spelled(text) {
    def code = text.codePointAt(0)
    return text ==~ /[\p{L}\p{M}\p{N}\p{P}\p{S}]/ ? text : String.format('U+%04X', code)
}

// Stops the launch with all that is wrong, a line each, if there is anything.
def stopAt(problems) {
    if (problems) {
        def more = problems.size() > 50 ? ["... and ${problems.size() - 50} more"] : []
        error((problems.take(50) + more).join('\n'))
    }
}

// A value as messages show it: on one line, not a book, and of a URL neither name nor password.
def shown(value) {
    def text = "${value}".replaceAll(/\p{Cntrl}/, ' ').replaceAll(/:\/\/\S*@/, '://...@')
    return text.size() > 60 ? "${text.take(60)}..." : text
}

// The option that starts so, else the one that takes the fewest single-letter changes to get to.
def nearest(word, options) {
    return options.find { option -> option.startsWith(word) } ?: options.min { option -> editDistance(word.toLowerCase(), option.toLowerCase()) }
}

// Levenshtein's distance: letters to add, drop or replace.
def editDistance(a, b) {
    def row = (0..b.size()).toList()
    a.eachWithIndex { letter, i ->
        def previous = row
        row = [i + 1]
        b.eachWithIndex { other, j ->
            row << [previous[j + 1] + 1, row[j] + 1, previous[j] + (letter == other ? 0 : 1)].min()
        }
    }
    return row.last()
}

// A text in lines of at most `width` characters, broken at spaces.
def wrap(text, width) {
    def lines = ['']
    text.tokenize(' ').each { word ->
        if (lines.last() && lines.last().size() + 1 + word.size() > width) {
            lines << word
        }
        else {
            lines[-1] = lines.last() ? "${lines.last()} ${word}" : word
        }
    }
    return lines
}
