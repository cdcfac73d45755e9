// A value of a parameter or of a samplesheet's cell against its part of a schema, and the file that it names.

// A value in its type; as it is if it does not fit.
def typedValue(value, type) {
    def text = "${value}"
    if (!fitsType(text, type)) {
        return value
    }
    return type == 'boolean' ? text.toBoolean() : type == 'integer' ? text.toInteger() : type == 'number' ? new BigDecimal(text) : value
}

def fitsType(text, type) {
    def forms = [boolean: /(?i)true|false/, integer: /[-+]?\d{1,9}/, number: /[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d{1,3})?/]
    return !(type in forms) || text ==~ forms[type]
}

// What is expected instead of a value, by its part of a schema; null if it is right.
def faultOf(value, spec) {
    def text = value.toString()
    if (!fitsType(text, spec.type)) {
        def atMost = spec.type == 'integer' && text ==~ /[-+]?\d+/ ? ' of at most nine digits' : ''
        return "expected ${[boolean: 'true or false', integer: 'a whole number', number: 'a number'][spec.type]}${atMost}"
    }
    if (spec.minimum != null && new BigDecimal(text) < spec.minimum) {
        return "expected at least ${spec.minimum}"
    }
    if (spec.maximum != null && new BigDecimal(text) > spec.maximum) {
        return "expected at most ${spec.maximum}"
    }
    if (spec['enum'] && !(text in spec['enum'])) {
        return "expected one of ${spec['enum'].join(', ')}; did you mean ${nearest(text, spec['enum'])}?"
    }
    if (spec.pattern && !(text ==~ spec.pattern)) {
        def near = !text ? null : spec.examples?.min { word -> lettersApart(text, word) }
        return "expected ${spec.errorMessage}${near && lettersApart(text, near) <= 3 ? "; did you mean ${near}?" : ''}"
    }
    return null
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

// Whether a folder is a Zarr store, by what its root has.
def isStore(path) {
    return path.isDirectory() && ['.zgroup', 'zarr.json'].any { name -> path.resolve(name).exists() }
}

// Why a path cannot be read as a file, or, if it may be one, as a Zarr store; null if it can. Nextflow does not quote all of a
// path in the script of a task, so what the shell could take for something else than a name is refused.
def faultOfFile(path, mayBeStore = false) {
    if (path == null) {
        return 'expected the path of a file, without spaces around it; one of the web must be downloaded first (letters beyond ASCII need LC_ALL=C.UTF-8)'
    }
    if (!path.exists()) {
        return 'no such file'
    }
    if (path.isDirectory() && !(mayBeStore && isStore(path))) {
        return "this is a folder; expected a file${mayBeStore ? ' or a Zarr store' : ''}"
    }
    def name = "${path.fileName}"
    def inName = name.find(/[^\p{L}\p{M}\p{N} ._+@=,~#%-]/)
    def found = inName ?: "${path.toAbsolutePath().parent}".find(/[$`\\*?\[\]{}\p{Cntrl}]/)
    def what = inName ? 'it' : 'the folder'
    if (found == '$') {
        return "Nextflow takes a \$ in a path for a variable of the shell; rename ${what}"
    }
    if (found) {
        // An unseen character is shown by its number.
        def seen = found ==~ /[\p{L}\p{M}\p{N}\p{P}\p{S}]/ ? found : String.format('U+%04X', found.codePointAt(0))
        return "the shell of a task could run a ${inName ? 'file name' : 'path'} with ${seen} in it; rename ${what} to letters, digits, spaces inside and . _ - + @ = , ~ # %"
    }
    if (name != name.trim()) {
        return 'the file name starts or ends with a space; rename it'
    }
    return java.nio.file.Files.isReadable(path) ? null : 'no permission to read it'
}

// A value as messages show it: on one line, not a book, and of a URL neither name nor password.
def shown(value) {
    def text = "${value}".replaceAll(/\p{Cntrl}/, ' ').replaceAll(/:\/\/\S*@/, '://...@')
    return text.size() > 60 ? "${text.take(60)}..." : text
}

// The option that starts so, else the one that takes the fewest changes of letters to get to.
def nearest(word, options) {
    return options.find { option -> option.startsWith(word) } ?: options.min { option -> lettersApart(word, option) }
}

// Letters to add, drop or replace, two that are swapped being half of one, as Groovy measures it for its own hints, in tenths.
def lettersApart(a, b) {
    def letters = [a, b].collect { word -> word.toLowerCase().toList().toArray() }
    return org.codehaus.groovy.runtime.MethodRankHelper.damerauLevenshteinDistance(letters[0], letters[1]) / 10
}
