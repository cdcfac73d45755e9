// Options against who annotates: what the engine would refuse in each task is refused at the launch of a run, in its words.
include { shown } from './values'

// Options that only a language model reads; a test holds them to the engine's.
def ofModels() {
    // made: of_models
    return [
        'model', 'base_url', 'command', 'validator_involvement', 'second_model', 'models', 'votes', 'escalate_to',
        'fallback_model', 'hide_fractions', 'max_rounds', 'reasoning', 'temperature', 'rpm', 'tpm', 'max_wait',
        'max_cost', 'price_in', 'price_out', 'max_retries', 'retry_failed', 'batch', 'batch_wait', 'timeout', 'proxy',
        'trust_env', 'allow_http', 'siblings', 'controls', 'lookup_genes',
    ]
}

// Adds a line to `problems` for models that vote and are named twice, or beside others; `wrong` are options that have a line already.
def checkVoters(options, wrong, problems) {
    if (['--models', '--model', '--second_model', '--escalate_to', '--fallback_model'].any { name -> name in wrong }) {
        return null
    }
    def models = options.models == null ? [] : "${options.models}".split(',').collect { name -> name.trim() }
    def repeated = models.find { name -> models.count(name) > 1 }
    def other = ['model', 'second_model'].find { name -> options[name] != null }
    if (repeated) {
        problems << "--models ${shown(options.models)}: ${repeated} is named more than once; --votes 2 asks each model twice"
    }
    else if (models && other) {
        problems << "--models names the models that are asked, and --${other} another one; leave one of them out"
    }
    def asked = (models ?: [options.model]).collect { name -> "${name}".toString() }
    if (options.escalate_to != null && asked.contains("${options.escalate_to}".toString())) {
        problems << "--escalate_to ${shown(options.escalate_to)}: this model is asked about every cluster already; name a stronger one"
    }
    if (options.fallback_model != null && (asked + ["${options.escalate_to}".toString()]).contains("${options.fallback_model}".toString())) {
        problems << "--fallback_model ${shown(options.fallback_model)}: this model is asked already; name another one"
    }
}

// Adds a line to `problems` for a command that is missing, or that nobody would run, and for options of HTTP beside one.
def checkCommand(options, wrong, problems) {
    if (options.provider != 'command') {
        if (options.command != null && options.provider != 'offline' && !wrong.any { name -> name in ['--command', '--provider'] }) {
            problems << "--command is run for --provider command, and the provider is ${shown(options.provider)}; leave one of them out"
        }
        return null
    }
    if (options.command == null) {
        problems << "--provider command: give the command line of the program with --command, such as \"python3 /path/to/answer.py\""
    }
    def unused = ['base_url', 'proxy', 'trust_env', 'allow_http'].findAll { name -> options[name] && !("--${name}".toString() in wrong) }
    if (unused) {
        problems << "${unused.collect { name -> "--${name}" }.join(', ')}: --provider command runs a program, and nothing is sent by cassia itself; leave ${unused.size() == 1 ? 'it' : 'them'} out"
    }
}

// Adds lines to `problems` for batches that nobody makes; `wrong` are options that have a line already.
def checkBatch(options, wrong, problems) {
    if (options.batch_wait != null && !options.batch && !('--batch_wait' in wrong)) {
        problems << "--batch_wait ${shown(options.batch_wait)} is about batches, and none is made: add --batch, or leave it out"
    }
    def isUrl = "${options.provider}".contains('://')
    def providers = file("${projectDir}/cassia_engine/data/providers.tsv").splitCsv(header: true, sep: '\t')
    def withBatches = providers.findAll { row -> row.batch_api }.collect { row -> row.provider }
    if (options.batch && !(options.provider in withBatches) && !('--provider' in wrong)) {
        problems << "--batch: ${isUrl ? 'custom' : options.provider} has no batch API that cassia knows; ${withBatches.join(', ')} have one. Leave --batch out"
    }
    if (options.batch && options.max_cost != null) {
        problems << '--max_cost stops before a call that could pass it, and --batch sends many calls as one; leave one of them out'
    }
}

// Adds a line to `problems` where a dry run has nothing to estimate.
def checkDryRun(options, problems) {
    if (options.dry_run && options.backend == 'cytetype') {
        problems << '--dry_run estimates what a language model is asked, and --backend cytetype has its server annotate; leave one of them out'
    }
    else if (options.dry_run && options.provider == 'offline') {
        problems << '--dry_run: --provider offline asks no language model, so that nothing is paid for; name a provider'
    }
}

// Adds a line to `problems` for a cap where no price is known; whether one of the very model is, the engine says.
def checkCap(options, wrong, problems) {
    if (options.max_cost == null || options.price_in != null || ['--provider', '--max_cost', '--price_in'].any { name -> name in wrong }) {
        return null
    }
    def priced = file("${projectDir}/cassia_engine/data/prices.tsv").readLines().collect { line -> line.tokenize('\t')[0] }
    if (options.provider != 'offline' && !("${options.provider}".toString() in priced)) {
        problems << "--max_cost ${options.max_cost}: the prices of ${shown(options.provider)} are not known; give --price_in and --price_out (US dollars per million tokens)"
    }
}

// Adds a line to `problems` for options that nobody would look at; `specs` have their defaults, `samples` are those of `readSamples`.
def checkProvider(options, specs, samples, problems) {
    if (options.backend == 'cytetype') {
        return null
    }
    // A value that is none has its line already.
    def wrong = problems.collect { line -> line.split(/[: ]/)[0] }
    def isOffline = options.provider == 'offline'
    def own = samples.find { sample -> sample[4] }
    if (!isOffline && own && !('--provider' in wrong)) {
        def where = options.knowledge == null ? " (sample ${own[0].id})" : ''
        problems << "--knowledge${where} adds to what --provider offline knows, and ${shown(options.provider)} is asked; leave one of them out"
    }
    def given = ofModels().findAll { name ->
        def isSet = options[name] != null && options[name] != false && options[name] != specs[name]['default']
        // With 0 of these nobody is asked.
        isOffline && isSet && !(name in ['controls', 'lookup_genes'] && "${options[name]}" == '0') && !("--${name}".toString() in wrong)
    }
    if (given) {
        def one = given.size() == 1
        problems << "${given.collect { name -> "--${name}" }.join(', ')} ${one ? 'asks' : 'ask'} a language model, and the provider is offline, which asks none; name one with --provider, or leave ${one ? 'it' : 'them'} out"
    }
    checkVoters(options, wrong, problems)
    if ((options.price_in == null) != (options.price_out == null) && !('--price_in' in wrong) && !('--price_out' in wrong)) {
        problems << '--price_in and --price_out: give both, or neither'
    }
    checkCommand(options, wrong, problems)
    if (!isOffline) {
        checkBatch(options, wrong, problems)
    }
    checkCap(options, wrong, problems)
    // A samplesheet may serve runs with and without a model.
    def withSiblings = samples.findAll { sample -> isOffline && !given && sample[0].siblings }.collect { sample -> sample[0].id }
    if (withSiblings && !('--siblings' in wrong)) {
        log.warn("siblings of ${withSiblings.join(', ')}: no effect, as they are shown to a language model, and --provider offline asks none")
    }
}
