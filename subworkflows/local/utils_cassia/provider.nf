// Options against who annotates: what the engine would refuse in each task is refused at the launch of a run, in its words.

// Options that only a language model reads; a test holds them to the engine's.
def ofModels() {
    // made: of_models
    return [
        'model', 'base_url', 'validator_involvement', 'max_rounds', 'reasoning', 'temperature', 'max_retries',
        'retry_failed', 'timeout', 'proxy', 'trust_env', 'allow_http', 'siblings',
    ]
}

// Adds a line to `problems` for options that nobody would look at; `schema` has their defaults, `samples` are those of `readSamples`.
def checkProvider(options, schema, samples, problems) {
    if (problems.any { line -> line.startsWith('--provider') }) {
        return null
    }
    if (options.provider != 'offline') {
        def own = samples.find { sample -> sample[4] }
        if (own) {
            def where = options.knowledge == null ? " (sample ${own[0].id})" : ''
            problems << "--knowledge${where} adds to what --provider offline knows, and ${options.provider.replaceAll(/:\/\/\S*@/, '://...@')} is asked; leave one of them out"
        }
        return null
    }
    def specs = schema['$defs'].values().collectEntries { group -> group.properties }
    // A value that is none has its line already.
    def wrong = problems.collect { line -> line.split(/[: ]/)[0] }
    def given = ofModels().findAll { name ->
        !("--${name}".toString() in wrong) && (options[name] && options[name] != specs[name]['default'] || name == 'temperature' && options[name] != null)
    }
    if (given) {
        def one = given.size() == 1
        problems << "${given.collect { name -> "--${name}" }.join(', ')} ${one ? 'asks' : 'ask'} a language model, and the provider is offline, which asks none; name one with --provider, or leave ${one ? 'it' : 'them'} out"
    }
    // A samplesheet may serve runs with and without a model.
    def shown = '--siblings' in wrong || given.contains('siblings') ? [] : samples.findAll { sample -> sample[0].siblings }
    if (shown) {
        log.warn("siblings of ${shown.collect { sample -> sample[0].id }.join(', ')}: no effect, as they are shown to a language model, and --provider offline asks none")
    }
    return null
}
