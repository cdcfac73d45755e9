// The provider's key at the launch of a run: whether there is one, in the environment or among Nextflow's secrets. No more is
// asked of it than that, and what the shell would make of it; it is not kept.

// A setting as the annotate tasks have it: of all processes, unless a selector of their labels or name says otherwise.
def settingOf(scope, name) {
    def own = [withLabel: ['process_single', 'cassia_network'], withName: ['ANNOTATE', 'CASSIA_ANNOTATE', 'CASSIA:ANNOTATE']]
    return own.inject(scope?.get(name)) { found, kind, names ->
        def selectors = scope?.findAll { selector, values -> values instanceof Map && selector.startsWith("${kind}:") } ?: [:]
        selectors.inject(found) { before, selector, values ->
            def pattern = selector.drop(kind.size() + 1)
            def fits = names.any { own_name -> own_name ==~ pattern.replaceFirst(/^!/, '') } != pattern.startsWith('!')
            fits && values[name] != null ? values[name] : before
        }
    }
}

// Executors whose tasks get the key from where the run is launched; others, such as a cloud's, may have their own way.
def passesKeysOn(scope) {
    return (settingOf(scope, 'executor') ?: 'local') in ['local', 'slurm']
}

// Whether the tasks begin without the environment of the launch; what a closure says of it is known only later.
def startsAnew(scope) {
    def options = settingOf(scope, 'clusterOptions')
    return settingOf(scope, 'executor') == 'slurm' && (options instanceof Closure || "${options}" =~ /--export[= ](NONE|NIL)/)
}

// Adds the engine's own line to `problems` where the provider needs a key and there is none. Where the tasks may have one
// that cannot be seen from here, that is said instead.
def checkKey(options, providers, problems) {
    def account = options.provider == 'offline' ? null : accountOf(options, providers)
    def scope = nextflow.Global.session.config.process
    if (!account || !passesKeysOn(scope)) {
        return null
    }
    def name = account.key_variable
    def secret = secrets[name]
    if (secret && secret =~ /["`\s]/) {
        problems << "the secret ${name} has white space, \" or `, which no key has, and which would break its tasks; set it anew: nextflow secrets set ${name} KEY"
    }
    if (secret || !(System.getenv(name) || needsKey(account))) {
        return null
    }
    if (System.getenv(name)) {
        if (startsAnew(scope)) {
            log.warn("${name} is set here, but jobs of Slurm do not get the environment of who launches: they have it only if a login or a beforeScript sets it. Make it a secret: nextflow secrets set ${name} KEY")
        }
    }
    else if (startsAnew(scope) || settingOf(scope, 'beforeScript')) {
        log.warn("${name} cannot be seen from here: the annotate tasks have it only if a login or a beforeScript sets it. If none does, make it a secret: nextflow secrets set ${name} KEY")
    }
    else {
        def who = account.base_url ? account.title : account.url
        problems << "no key for ${who}: set ${name} in the environment (--provider offline needs no key: it scores markers and asks no language model), or as a secret: nextflow secrets set ${name} KEY"
    }
    return null
}

// The provider's row of the engine's table, and the URL that is asked; null for what the engine will refuse for another reason.
def accountOf(options, providers) {
    def rows = providers.readLines()*.split('\t', -1)
    def name = options.provider.contains('://') ? 'custom' : options.provider
    def cells = rows.tail().find { row -> row[0] == name }
    if (!cells) {
        return null
    }
    def row = [rows.head() as List, cells as List].transpose().collectEntries()
    def url = options.provider.contains('://') ? options.provider : options.base_url ?: row.base_url
    return url ? row + [url: url.replaceAll('/+$', '')] : null
}

// Whether nobody answers without a key there: a provider, at its own hosts, or any other machine than this one.
def needsKey(account) {
    def host = new URI(account.url).host?.toLowerCase() ?: ''
    def isOwn = account.url == account.base_url || account.key_hosts.tokenize(' ').any { own -> host == own || host.endsWith(".${own}") }
    def isHere = host == 'localhost' || host == '[::1]' || host ==~ /127(\.\d{1,3}){3}/
    return (account.key == 'needed' && isOwn) || (account.key == 'remote' && !isHere)
}
