// Parameters against nextflow_schema.json: the help text, and a line for whatever is wrong with them.
include { faultOf ; faultOfFile ; fileOf } from './values'
include { nearest ; shown ; typedValue   } from './values'

def readSchema(path) {
    return new groovy.json.JsonSlurper().parse(path.toFile())
}

// What the schema says of each parameter, by name.
def specsOf(schema) {
    return schema['$defs'].values().collectEntries { group -> group.properties }
}

// Text of --help: every parameter by group, with its type, default and choices.
def helpText(schema) {
    def text = "${schema.description}\n\nUsage: nextflow run cassia --input TABLE --tissue T --species S --outdir DIR\n"
    schema['$defs'].values().each { group ->
        text += '\n' + wrapped("${group.title}: ${group.description}", '')
        group.properties.each { name, spec ->
            def required = name in (group.required ?: []) ? ' (required)' : ''
            def choices = spec['enum'] ? " One of ${spec['enum'].join(', ')}." : ''
            def preset = spec['default'] == null || spec.type == 'boolean' ? '' : " [default: ${spec['default']}]"
            text += "  --${name} ${spec.type == 'boolean' ? '' : spec.type}${required}\n"
            text += wrapped("${spec.description}${choices}${preset} ${spec.help_text ?: ''}", ' ' * 8)
        }
    }
    return text
}

// A text in lines of at most 80 characters and their indent, broken at spaces.
def wrapped(text, indent) {
    return text.trim().replaceAll(/(.{1,80})( +|$)/) { _all, line, _space -> "${indent}${line}\n" }
}

// The parameters with each value in its type by the schema, however the launch handed it over: Nextflow 26.04 and later
// make a text of all that stands on the command line, older ones a number of 30 and a Boolean of true. A value that does not
// fit its type stays as it is, for checkParameters to refuse.
def typedParameters(given, schema) {
    def specs = specsOf(schema)
    return given.collectEntries { name, value -> [name, "${value}" == 'null' ? null : typedValue(value, specs[name]?.type)] }
}

// Adds a line to `problems` for each parameter that is unknown, missing, of a wrong type, out of range, or names no file.
def checkParameters(given, schema, problems) {
    def specs = specsOf(schema)
    given.findAll { name, _value -> !specs.containsKey(name) }.each { name, _value ->
        problems << "--${name}: there is no such parameter; ${remedyFor(name, specs.keySet())} (--help lists all)"
    }
    specs.each { name, spec ->
        def fault = given[name] == null ? null : faultOnLaunch(name, given[name], spec) ?: faultOf(given[name], spec)
        if (fault) {
            problems << "--${name} ${given[name] instanceof Boolean ? '' : shown(given[name])}".trim() + ": ${fault}"
        }
    }
    def missing = specs.findAll { name, _spec -> given[name] == null }
    missing.findAll { _name, spec -> spec['default'] != null }.each { name, spec ->
        problems << "--${name}: a value is missing; leave it out for its default, ${spec['default']}"
    }
    missing.findAll { name, _spec -> schema['$defs'].any { _id, group -> name in group.required } }.each { name, spec ->
        problems << "--${name} is missing: ${spec.description} (--help lists all)"
    }
}

// What to do instead of giving a parameter that there is not: words of the command line, of Python and of CASSIA first.
def remedyFor(name, known) {
    def plain = name.replaceAll(/([a-z])([A-Z])/, '$1_$2').toLowerCase().replace('-', '_')
    def ours = [input: /markers?|table|file|samplesheet/, outdir: /out|output|out(put)?_dir|results/, name: /sample|output_name/]
    // made: elsewhere
    def theirs = [
        cluster_key: 'group_key', clusters_key: 'group_key', groupby: 'group_key', group_by: 'group_key',
        over_clustering: 'group_key', obs_key: 'group_key', obs_column: 'group_key', cluster_col: 'group_key',
        leiden_key: 'group_key', groups_key: 'group_key', grouping: 'group_key', rank_genes_key: 'rank_key',
        rank_genes_groups_key: 'rank_key', de_key: 'rank_key', uns_key: 'rank_key', gene_symbols: 'gene_symbols_column',
        symbols_column: 'gene_symbols_column', gene_symbol_column: 'gene_symbols_column', basis: 'coordinates_key',
        embedding: 'coordinates_key', obsm_key: 'coordinates_key', coordinates: 'coordinates_key', witnesses: 'witness',
        predicted_labels: 'witness', majority_voting: 'witness', celltype_column: 'cluster_column',
        gene_column_name: 'gene_column', organism: 'species', sample: 'name',
    ]
    if (plain in ['resume', 'profile', 'params_file', 'work_dir']) {
        return "Nextflow's own options have one dash: -${plain.replace('_', '-')}"
    }
    if (plain in ['key', 'api_key']) {
        return "the provider's key goes into its environment variable, or among Nextflow's secrets"
    }
    def meant = ours.find { _parameter, words -> plain ==~ words }?.key ?: theirs[plain]
    return "did you mean --${meant ?: nearest(plain, known)}?"
}

// What can be wrong with a value only because of how Nextflow reads a command line; or null.
def faultOnLaunch(name, value, spec) {
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
    return spec.exists ? faultOfFile(fileOf(text), name == 'input') : null
}

// Stops the launch with all that is wrong, a line each, if there is anything.
def stopAt(problems) {
    if (problems) {
        def more = problems.size() > 50 ? ["... and ${problems.size() - 50} more"] : []
        error((problems.take(50) + more).join('\n'))
    }
}
