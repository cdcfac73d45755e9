// A server of the CyteType protocol in place of the annotate tasks: what a launch must have for it, and what leaves the machine.
include { isThisMachine } from './key'
include { ofModels      } from './provider'
include { shown         } from './values'

// Adds a line to `problems` for each thing that keeps the samples from being sent, or that nobody would look at.
def checkBackend(options, specs, samples, problems) {
    // A value that is none has its line already.
    def wrong = problems.collect { line -> line.split(/[: ]/)[0] }
    def isGiven = { name -> options[name] != null && options[name] != false && options[name] != specs[name]['default'] && !("--${name}".toString() in wrong) }
    if (options.backend != 'cytetype') {
        def given = ['api_url', 'allow_upload'].findAll(isGiven)
        if (given && !('--backend' in wrong)) {
            problems << "${optionsOf(given)} ${given.size() == 1 ? 'is' : 'are'} of a CyteType server, and --backend is cassia; add --backend cytetype, or leave ${given.size() == 1 ? 'it' : 'them'} out"
        }
        return null
    }
    def unused = (['provider', 'knowledge', 'calibration'] + ofModels() - ['proxy', 'trust_env']).findAll(isGiven)
    if (unused) {
        problems << "${optionsOf(unused)}: --backend cytetype has its server annotate, which does not look at ${unused.size() == 1 ? 'it' : 'them'}; leave ${unused.size() == 1 ? 'it' : 'them'} out"
    }
    def fault = '--api_url' in wrong ? null : faultOfServer(options.api_url)
    if (fault) {
        problems << fault
    }
    def tables = samples.findAll { sample -> !isAnnData(sample[1]) }
    if (tables) {
        problems << "--backend cytetype sends the cells of an AnnData, and ${listOf(tables)} ${tables.size() == 1 ? 'is no .h5ad file' : 'are no .h5ad files'}; give the .h5ad ${tables.size() == 1 ? 'file' : 'files'}, or leave --backend out"
    }
    if (!options.allow_upload && !('--allow_upload' in wrong)) {
        def where = fault || !options.api_url ? 'the server of --api_url' : hostOf(options.api_url)
        problems << "--allow_upload is missing: --backend cytetype would send ${whatLeaves()} of ${listOf(samples)} to ${where}; add it if they may leave"
    }
}

// Says what leaves the machine, before any task; the samples with the backend in their meta, where it is another than cassia.
def startBackend(options, samples) {
    if (options.backend != 'cytetype') {
        return samples
    }
    log.info("--backend cytetype: ${whatLeaves()} of ${listOf(samples)} are sent to ${hostOf(options.api_url)}")
    return samples.collect { sample -> [sample[0] + [backend: options.backend]] + sample.drop(1) }
}

// As cassia submit says it (contents_of in cassia_engine/cytetype/question.py).
def whatLeaves() {
    return 'marker genes, percent expressed, shares of metadata and sampled coordinates of clusters, expression and raw counts of all cells, all columns of obs'
}

// What is wrong with the URL of a server; null if nothing is.
def faultOfServer(url) {
    if (url == null) {
        return '--api_url is missing: --backend cytetype needs the URL of its server'
    }
    def host = hostOf(url)
    if (!host) {
        return "--api_url ${shown(url)}: expected the URL of a server, such as https://cytetype.example.org"
    }
    if (new URI(url).path?.replace('/', '')) {
        return "--api_url ${shown(url)}: expected the server's address without a path, such as https://cytetype.example.org"
    }
    return url ==~ /(?i)http:.*/ && !isThisMachine(host)
        ? "--api_url ${shown(url)}: http would show the token and the data to everyone on the way; use https, which only a server on this machine can do without"
        : null
}

// The host of a URL, '' where it has none.
def hostOf(url) {
    try {
        return new URI(url).host?.toLowerCase() ?: ''
    }
    catch (URISyntaxException _malformed) {
        return ''
    }
}

def isAnnData(table) {
    return !(table instanceof List) && table.name.endsWith('.h5ad') && !table.isDirectory()
}

def optionsOf(names) {
    return names.collect { name -> "--${name}" }.join(', ')
}

// Samples with their files, a few of them by name.
def listOf(samples) {
    def named = samples.take(5).collect { sample -> "${sample[0].id} (${sample[1] instanceof List ? "${sample[1].size()} tables" : sample[1].name})" }
    return (named + (samples.size() > 5 ? ["${samples.size() - 5} more"] : [])).join(', ')
}
