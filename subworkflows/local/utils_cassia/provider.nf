// Options against who annotates: what the engine would refuse in each task is refused at the launch of a run, in its words.
include { shown } from './values'

// Options that only a language model reads; a test holds them to the engine's.
def ofModels() {
    // made: of_models
    return [
        'model', 'base_url', 'validator_involvement', 'second_model', 'hide_fractions', 'max_rounds', 'reasoning',
        'temperature', 'max_retries', 'retry_failed', 'timeout', 'proxy', 'trust_env', 'allow_http', 'siblings',
    ]
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
        isOffline && isSet && !("--${name}".toString() in wrong)
    }
    if (given) {
        def one = given.size() == 1
        problems << "${given.collect { name -> "--${name}" }.join(', ')} ${one ? 'asks' : 'ask'} a language model, and the provider is offline, which asks none; name one with --provider, or leave ${one ? 'it' : 'them'} out"
    }
    // A samplesheet may serve runs with and without a model.
    def withSiblings = samples.findAll { sample -> isOffline && !given && sample[0].siblings }.collect { sample -> sample[0].id }
    if (withSiblings && !('--siblings' in wrong)) {
        log.warn("siblings of ${withSiblings.join(', ')}: no effect, as they are shown to a language model, and --provider offline asks none")
    }
}
