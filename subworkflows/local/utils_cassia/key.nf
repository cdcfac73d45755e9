// The provider's key at the launch of a run: whether there is one, in the environment or among Nextflow's secrets. No more is
// asked of it than that, and what the shell would make of it; it is not kept.

// Executors whose tasks get the key from where the run is launched; others, such as a cloud's, may have their own way.
def passesKeysOn(config) {
    def executors = [config.process?.executor] + config.process?.values()?.findAll { value -> value instanceof Map }*.executor
    return executors.findAll().every { name -> name in ['local', 'slurm'] }
}

// Adds the engine's own line to `problems` where the provider needs a key and there is none.
def checkKey(options, providers, problems) {
    def account = options.provider == 'offline' ? null : accountOf(options, providers)
    if (!account || !passesKeysOn(nextflow.Global.session.config)) {
        return null
    }
    def name = account.key_variable
    def secret = secrets[name]
    if (secret && secret =~ /["`\s]/) {
        problems << "the secret ${name} has white space, \" or `, which no key has, and which would break its tasks; set it anew: nextflow secrets set ${name} KEY"
    }
    if (!secret && System.getenv(name) && "${nextflow.Global.session.config.process?.clusterOptions}" =~ /--export=(NONE|NIL)/) {
        log.warn("${name} is set here, but jobs of Slurm do not get the environment of who launches them: they have it only if a login sets it. Make it a secret: nextflow secrets set ${name} KEY")
    }
    if (!secret && !System.getenv(name) && needsKey(account)) {
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
