// The provider's key at the launch of a run: whether there is one, in the environment or among Nextflow's secrets. No more is
// asked of it than that, and what the shell would make of it; it is not kept.

// A setting as the tasks of a stage have it: of all processes, unless a selector of their labels or name says otherwise.
def settingOf(scope, name, stage = 'ANNOTATE') {
    def size = stage == 'SUBMIT' ? 'process_low' : 'process_single'
    def own = [withLabel: [size, 'cassia_network'], withName: [stage, "CASSIA_${stage}", "CASSIA:${stage}"]]
    return own.inject(scope?.get(name)) { found, kind, names ->
        def selectors = scope?.findAll { selector, values -> values instanceof Map && selector.startsWith("${kind}:") } ?: [:]
        selectors.inject(found) { before, selector, values ->
            def pattern = selector.drop(kind.size() + 1)
            def fits = names.any { own_name -> own_name ==~ pattern.replaceFirst(/^!/, '') } != pattern.startsWith('!')
            fits && values[name] != null ? values[name] : before
        }
    }
}

// Adds the engine's own line to `problems` where the provider needs a key and there is none. Where the tasks may have one
// that cannot be seen from here, that is said instead.
def checkKey(options, providers, problems) {
    def account = options.provider == 'offline' ? null : accountOf(options, providers)
    def scope = nextflow.Global.session.config.process
    def executor = settingOf(scope, 'executor') ?: 'local'
    // The key that a server was given with a request is in the environment of the launch, and in no file. A key of the site's, which
    // tasks may have in other ways, must not take its place.
    if (account && System.getenv('CASSIA_KEY_OF_REQUEST') && (!(executor in ['local', 'slurm']) || startsAnew(scope, 'ANNOTATE'))) {
        problems << "the key of this request does not reach the tasks, which run on ${executor} without the environment of the server: leave llm_configs out for the server's own model, or ask who runs the server for a model that needs no key"
        return null
    }
    // Others, such as a cloud's, may have their own way to hand a key to their tasks.
    if (!account || !(executor in ['local', 'slurm'])) {
        return null
    }
    // Each of them is one variable or two that go together.
    def keys = [[account.key_variable]] + account.other_keys.tokenize(' ').collect { one -> one.tokenize('+').take(2) }
    def where = whereKeysAre(keys, 'ANNOTATE', problems)
    def profiles = account.profile_variables.tokenize(' ')
    // What such a variable names, the region too, is for the tasks to look up.
    if (!where.found && profiles.any { name -> System.getenv(name) }) {
        return null
    }
    if (account.url.contains('{region}') && !where.unknown && !account.region_variables.tokenize(' ').any { name -> System.getenv(name) }) {
        problems << "--provider ${account.provider}: no region is set; set ${account.region_variables.tokenize(' ')[0]} in the environment, such as eu-central-1, or give --base_url of the form ${account.base_url}"
        return null
    }
    if (where.found ? !where.seen : !needsKey(account)) {
        return null
    }
    def who = account.base_url ? account.title : account.url
    def wanted = keys.collect { names -> names.join(' and ') } + profiles.take(1).collect { name -> "with cassia-engine[aws] ${name}" }
    def missing = "no key for ${who}: set ${wanted.join(', or ')} in the environment (--provider offline needs no key: it scores markers and asks no language model), or as a secret"
    sayWhatLacks(where, account.key_variable, missing, 'annotate', "nextflow secrets set ${(where.seen ?: keys[0])[0]} KEY", problems)
}

// The same of the token of a CyteType server.
def checkToken(options, problems) {
    def name = 'CYTETYPE_AUTH_TOKEN'
    def executor = settingOf(nextflow.Global.session.config.process, 'executor', 'SUBMIT') ?: 'local'
    if (options.backend != 'cytetype' || !(executor in ['local', 'slurm'])) {
        return null
    }
    def where = whereKeysAre([[name]], 'SUBMIT', problems)
    if (!where.found || where.seen) {
        sayWhatLacks(where, name, "no token for ${options.api_url}; set ${name} in the environment, or as a secret", 'submit', "nextflow secrets set ${name} TOKEN", problems)
    }
}

// Where the first of `keys` is whose variables, one or two, are all there: `found`, and `seen`, those of it that are no secrets.
// `unknown` where the tasks may have a key that cannot be seen from here, as they start anew or in a way of their own.
def whereKeysAre(keys, stage, problems) {
    def spoiled = keys.flatten().find { name -> secrets[name] =~ /["`\s]/ }
    if (spoiled) {
        problems << "the secret ${spoiled} has white space, \" or `, which no key has, and which would break its tasks; set it anew: nextflow secrets set ${spoiled} KEY"
    }
    def found = keys.find { names -> names.every { name -> secrets[name] || System.getenv(name) } }
    def scope = nextflow.Global.session.config.process
    def anew = startsAnew(scope, stage)
    return [found: found, seen: found?.findAll { name -> !secrets[name] }, startsAnew: anew, unknown: anew || settingOf(scope, 'beforeScript', stage)]
}

// Whether the tasks of a stage are jobs of Slurm that begin without the environment of the launch; what a closure says of it is known
// only later.
def startsAnew(scope, stage) {
    def told = settingOf(scope, 'clusterOptions', stage)
    return settingOf(scope, 'executor', stage) == 'slurm' && (told instanceof Closure || "${told}" =~ /--export[= ](NONE|NIL)/)
}

// Says of a key that is no secret what may keep the tasks from having it, or adds to `problems` that there is none.
def sayWhatLacks(where, variable, missing, tasks, secret, problems) {
    if (where.seen) {
        if (where.startsAnew) {
            log.warn("${where.seen.join(' and ')} is set here, but jobs of Slurm do not get the environment of who launches: they have it only if a login or a beforeScript sets it. Make it a secret: ${secret}")
        }
    }
    else if (where.unknown) {
        log.warn("${variable} cannot be seen from here: the ${tasks} tasks have it only if a login or a beforeScript sets it. If none does, make it a secret: ${secret}")
    }
    else {
        problems << "${missing}: ${secret}"
    }
}

// Adds the engine's own line to `problems` for each of those asked who is not on this machine, where nothing may leave it.
def checkAirGap(options, providers, problems) {
    if (!options.air_gap) {
        return null
    }
    def account = options.backend == 'cytetype' || options.provider == 'offline' ? null : accountOf(options, providers)
    def asked = [
        ("--provider ${account?.provider}".toString()): account?.url?.replace('{region}', 'region'),
        ("--api_url ${options.api_url}".toString()): options.backend == 'cytetype' ? options.api_url : null,
        '--proxy': options.proxy,
    ]
    asked.findAll { _option, url -> url != null }.each { option, url ->
        def host = new URI(url).host?.toLowerCase() ?: ''
        if (!isThisMachine(host)) {
            problems << "${option}: ${host} is not this machine, and --air_gap lets nothing leave it; ask a server at localhost or 127.0.0.1"
        }
    }
}

// The provider's row of the engine's table, and the URL that is asked; null for what the engine will refuse for another reason.
def accountOf(options, providers) {
    def isUrl = options.provider.contains('://')
    def row = providers.splitCsv(header: true, sep: '\t').find { row -> row.provider == (isUrl ? 'custom' : options.provider) }
    def url = isUrl ? options.provider : options.base_url ?: row?.base_url
    return row && url ? row + [url: url.replaceAll('/+$', '')] : null
}

// Whether nobody answers without a key there: a provider, at its own hosts, or any other machine than this one.
def needsKey(account) {
    def host = new URI(account.url.replace('{region}', 'region')).host?.toLowerCase() ?: ''
    def isOwn = account.url == account.base_url || account.key_hosts.tokenize(' ').any { own ->
        def pattern = own.replace('.', '[.]').replace('{region}', '[a-z0-9-]+')
        host ==~ "(.*[.])?${pattern}"
    }
    return (account.key == 'needed' && isOwn) || (account.key == 'remote' && !isThisMachine(host))
}

// Whether a host of a URL is this machine.
def isThisMachine(host) {
    return host in ['localhost', '[::1]'] || host ==~ /127(\.\d{1,3}){3}/
}
