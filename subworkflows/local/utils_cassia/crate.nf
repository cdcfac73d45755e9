// A Workflow Run RO-Crate of a run: ro-crate-metadata.json, which says what ran, on what, by whom and what came out. No plugin
// and no engine makes it, as the head job may have neither a network nor a container.
include { specsOf } from './parameters'
include { fileOf  } from './values'

// Writes the crate, or says why it cannot be written; the run has ended as it has, whatever comes of this.
def writeCrate(run) {
    try {
        saveCrate(run)
    }
    catch (Exception error) {
        log.warn("no ro-crate-metadata.json was written: ${error.message}")
    }
}

// Writes the crate's file into the folder of the outputs. `run` has options, schema, samples ([ meta, tables, other files ] each),
// told (by sample, what its status file says), index (names of the page over all reports) and about (the workflow's own facts).
def saveCrate(run) {
    def folder = file("${run.options.outdir}")
    def script = folder.resolve('pipeline_info').resolve(run.about.scriptFile.name)
    script.text = run.about.scriptFile.text
    def inputs = inputsOf(run)
    def results = resultsOf(run, folder)
    def values = valuesOf(run.options, specsOf(run.schema))
    def models = modelsOf(run.told.values())
    def image = imageOf(run.about)
    def action = actionOf(run, inputs, results, values, models, image)
    def first = [descriptor(), root(run, folder, inputs, results), workflowOf(run, script, values), action]
    def graph = first + inputs + results + infoOf(folder) + values + models + image + contexts(run.about)
    def crate = ['@context': contextOf(), '@graph': graph.collect { entity -> entity.collectEntries { name, value -> [name, single(value)] } }]
    def text = groovy.json.JsonOutput.prettyPrint(groovy.json.JsonOutput.toJson(crate))
    folder.resolve('ro-crate-metadata.json').text = text + '\n'
}

// RO-Crate's terms, and those of the profile that it lacks, so that no other document is needed to read them.
def contextOf() {
    def terms = ['sha256', 'ContainerImage', 'DockerImage', 'SIFImage', 'containerImage', 'registry', 'tag']
    def further = terms.collectEntries { term -> [term, "https://w3id.org/ro/terms/workflow-run#${term}".toString()] }
    return ['https://w3id.org/ro/crate/1.1/context', further]
}

// The profiles that the crate conforms to, by their addresses.
def profiles() {
    return [
        'https://w3id.org/ro/wfrun/process/0.5': ['Process Run Crate', '0.5'],
        'https://w3id.org/ro/wfrun/workflow/0.5': ['Workflow Run Crate', '0.5'],
        'https://w3id.org/workflowhub/workflow-ro-crate/1.0': ['Workflow RO-Crate', '1.0'],
    ]
}

def descriptor() {
    def to = ['https://w3id.org/ro/crate/1.1', 'https://w3id.org/workflowhub/workflow-ro-crate/1.0']
    return [
        '@id': 'ro-crate-metadata.json', '@type': 'CreativeWork', about: refTo('./'), conformsTo: to.collect { id -> refTo(id) },
    ]
}

def root(run, folder, inputs, results) {
    def samples = run.samples.collect { sample -> sample[0].id }.join(', ')
    def manifest = run.about.manifest
    def script = "pipeline_info/${run.about.scriptFile.name}".toString()
    def parts = [script] + (inputs + results + infoOf(folder)).collect { part -> part['@id'] }
    return [
        '@id': './',
        '@type': 'Dataset',
        name: "Cell types of ${samples}, by ${manifest.name} ${manifest.version}".toString(),
        description: "Outputs of a run of the Nextflow pipeline ${manifest.name}. ${hypotheses(run)}".toString(),
        datePublished: iso(run.about.complete),
        license: 'None is stated: ask whoever made the run who may use its results, and how.',
        conformsTo: profiles().keySet().collect { id -> refTo(id) },
        mainEntity: refTo(script),
        mentions: refTo('#run'),
        hasPart: parts.collect { id -> refTo(id) },
        citation: citations().keySet().collect { id -> refTo(id) },
    ]
}

// What must be known of all labels.
def hypotheses(run) {
    def said = run.told.values().collect { told -> told.notice }.findAll().unique().join('; ')
    return "Every cell type is a hypothesis, to be checked by a person before it is used${said ? ": ${said}" : ''}."
}

def workflowOf(run, script, values) {
    def manifest = run.about.manifest
    def source = run.about.repository ? [url: run.about.repository, codeRepository: run.about.repository] : [:]
    return [
        '@id': "pipeline_info/${script.name}".toString(),
        '@type': ['File', 'SoftwareSourceCode', 'ComputationalWorkflow'],
        name: manifest.name,
        description: manifest.description,
        version: manifest.version,
        license: refTo('https://spdx.org/licenses/MIT'),
        encodingFormat: 'text/plain',
        programmingLanguage: refTo('https://w3id.org/workflowhub/workflow-ro-crate#nextflow'),
        creator: refTo('#developers'),
        softwareRequirements: refTo("#cassia-engine-${manifest.version}"),
        input: values.collect { value -> value.exampleOfWork }.findAll(),
    ] + source + factsOf(script) + (run.about.commitId ? [identifier: run.about.commitId] : [:])
}

// The run itself. Nobody is named as its agent: who made it is for that person to say.
def actionOf(run, inputs, results, values, models, image) {
    def about = run.about
    def lines = "${about.errorMessage ?: ''}".readLines()*.trim().findAll { line -> line.startsWith('cassia: error: ') }
    def status = about.success ? 'Completed' : 'Failed'
    def resumed = about.resume ? '; resumed, so that some of it may be of an earlier launch' : ''
    def given = inputs + values.findAll { value -> value['@type'] == 'PropertyValue' }
    return [
        '@id': '#run',
        '@type': 'CreateAction',
        name: "Nextflow run ${about.runName}".toString(),
        identifier: "urn:uuid:${about.sessionId}".toString(),
        description: "Annotation of the clusters of ${run.samples.collect { sample -> sample[0].id }.join(', ')} with cell types${resumed}".toString(),
        startTime: iso(about.start),
        endTime: iso(about.complete),
        actionStatus: "http://schema.org/${status}ActionStatus".toString(),
        instrument: [refTo("pipeline_info/${about.scriptFile.name}")] + models.collect { model -> refTo(model['@id']) },
        object: given.collect { one -> refTo(one['@id']) },
        result: results.collect { one -> refTo(one['@id']) },
    ] + (about.success || !lines ? [:] : [error: lines.join('\n').take(2000)]) + (image ? [containerImage: refTo(image[0]['@id'])] : [:])
}

// What a person gave: marker tables, data sets and the tables that go with them. They are named by their content, as they stay
// where they are and that place is nobody else's business.
def inputsOf(run) {
    def named = ['input', 'calibration'].findAll { name -> run.options[name] }.collect { name -> fileOf("${run.options[name]}") }
    def given = run.samples.collectMany { sample -> sample.drop(1).flatten() } + named
    def found = given.unique { path -> path.toUriString() }.collect { path ->
        def facts = factsOf(path)
        [
            '@id': nameOf(path, facts.sha256),
            '@type': path.isDirectory() ? 'Dataset' : 'File',
            name: path.name,
            description: 'Input of the run, which is not in this folder',
            encodingFormat: formatOf(path.name),
        ] + facts
    }
    return found.unique { one -> one['@id'] }
}

// An address that tells a file by its bytes, else by a number that is made of its place and does not show it.
def nameOf(path, sha256) {
    def digest = sha256?.decodeHex()?.encodeBase64Url()?.toString()?.replace('=', '')
    return (digest ? "ni:///sha-256;${digest}" : "urn:uuid:${UUID.nameUUIDFromBytes(path.toUriString().bytes)}").toString()
}

// What was published for each sample, and the page over them.
def resultsOf(run, folder) {
    // Of a sample without a status an earlier run may have left files.
    def ids = run.samples.collect { sample -> sample[0].id }.findAll { id -> run.told.containsKey(id) }
    def files = ids.collectMany { id ->
        def own = filesIn(folder.resolve(id)).findAll { path -> path.name.startsWith("${id}_") }
        def notice = run.told[id]?.notice ? ": ${run.told[id].notice}" : ''
        own.collect { path -> [path, "${id}/${path.name}", "Of sample ${id}${notice}"] }
    }
    def page = folder.resolve('index.html')
    def pages = run.index && page.exists() ? [[page, 'index.html', 'One page that leads to all reports']] : []
    return (files + pages).collect { path, name, what ->
        ['@id': idOf(name), '@type': 'File', name: path.name, description: what.toString(), encodingFormat: formatOf(path.name)] + factsOf(path)
    }
}

// What Nextflow says of the run. Some of it is written once all else is done, so nothing can be said of its bytes.
def infoOf(folder) {
    def always = ['dag.mmd', 'params.json', 'report.html', 'timeline.html', 'trace.txt']
    def written = folder.resolve('pipeline_info').resolve('versions.yml').exists() ? ['versions.yml'] : []
    return (always + written).collect { name ->
        ['@id': "pipeline_info/${name}".toString(), '@type': 'File', name: name, encodingFormat: formatOf(name), about: refTo('#run')]
    }
}

// The parameters with their values, and the slots of the workflow that they fill. Files are inputs; folders and programs are of this machine.
def valuesOf(options, specs) {
    def left = ['outdir', 'journal_dir', 'proxy', 'command', 'help', 'version']
    def types = [integer: 'Integer', number: 'Float', boolean: 'Boolean', string: 'Text']
    def told = options.findAll { name, value -> value != null && !(name in left) && specs[name] && !specs[name].format }
    return told.collectMany { name, value ->
        def slot = [
            '@id': "#param-${name}".toString(), '@type': 'FormalParameter', name: name, additionalType: types[specs[name].type],
            description: specs[name].description, defaultValue: specs[name]['default']?.toString(),
            conformsTo: refTo('https://bioschemas.org/profiles/FormalParameter/1.0-RELEASE'),
        ].findAll { _key, one -> one != null }
        def filled = ['@id': "#value-${name}".toString(), '@type': 'PropertyValue', name: name, value: publicValue(value)]
        [slot, filled + [exampleOfWork: refTo(slot['@id'])]]
    }
}

// A value as it can be shown: of an address no more than the server, as a path or a question may have a key.
def publicValue(value) {
    return "${value}".replaceAll(/(?i)\b(https?:\/\/)(?:[^\s\/@]*@)?([^\s\/?#]+)\S*/, '$1$2')
}

// Who was asked, as the samples say; nothing of runs without a language model.
def modelsOf(told) {
    def named = told.findAll { one -> one.model && one.provider != 'offline' }
    def asked = named.collectMany { one -> one.model.split(', ').collect { model -> [one.provider, model] } }.unique()
    return asked.collect { provider, model ->
        def what = "Language model, asked at ${provider}; its answers are hypotheses".toString()
        ['@id': idOf("#model-${provider}-${model}"), '@type': 'SoftwareApplication', name: model, softwareVersion: model, description: what]
    }
}

// The image in which tasks ran; [] where they ran in none.
def imageOf(about) {
    def name = about.container instanceof Map ? about.container.values().find() : about.container
    if (!about.containerEngine || !name) {
        return []
    }
    def parts = "${name}".replaceFirst(/^docker:\/\//, '').split('/').toList()
    def registry = parts.size() > 1 && parts[0] =~ /[.:]/ ? parts[0] : 'docker.io'
    def (image, tag) = (parts.last().split(/[:@]/, 2).toList() + ['latest'])[0, 1]
    def kind = about.containerEngine in ['singularity', 'apptainer'] ? 'SIFImage' : 'DockerImage'
    def type = refTo("https://w3id.org/ro/terms/workflow-run#${kind}")
    return [['@id': '#container', '@type': 'ContainerImage', additionalType: type, registry: registry, name: image, tag: tag]]
}

// What other entities point to.
def contexts(about) {
    def version = about.manifest.version
    def named = profiles().collect { id, of -> ['@id': id, '@type': 'CreativeWork', name: of[0], version: of[1]] }
    def cited = citations().collect { id, of -> ['@id': id, '@type': 'CreativeWork'] + of }
    def site = refTo('https://www.nextflow.io/')
    def language = ['@id': 'https://w3id.org/workflowhub/workflow-ro-crate#nextflow', '@type': 'ComputerLanguage', name: 'Nextflow']
    def engine = ['@id': "#cassia-engine-${version}".toString(), '@type': 'SoftwareApplication', name: 'cassia-engine']
    return named + cited + [
        language + [identifier: site, url: site, version: "${about.nextflow.version}".toString()],
        engine + [softwareVersion: version, license: refTo('https://spdx.org/licenses/MIT')],
        ['@id': '#developers', '@type': 'Organization', name: about.manifest.contributors ? about.manifest.contributors[0].name : about.manifest.name],
        ['@id': 'https://spdx.org/licenses/MIT', '@type': 'CreativeWork', name: 'MIT License'],
        ['@id': 'https://creativecommons.org/licenses/by/4.0/', '@type': 'CreativeWork', name: 'Creative Commons Attribution 4.0 International'],
    ]
}

// What results of cassia are to cite; CITATIONS.md has all of it.
def citations() {
    return [
        'https://doi.org/10.1186/s13326-016-0088-7': [
            name: 'The Cell Ontology 2016: enhanced content, modularization, and ontology interoperability',
            description: 'The terms of cell types in the outputs are of the Cell Ontology',
            license: refTo('https://creativecommons.org/licenses/by/4.0/'),
        ],
        'https://doi.org/10.1038/s41467-025-67084-x': [
            name: 'CASSIA: a multi-agent large language model for automated and interpretable cell annotation',
            description: 'cassia follows its idea of an annotator and a validator',
        ],
        'https://doi.org/10.1038/nbt.3820': [
            name: 'Nextflow enables reproducible computational workflows',
            description: 'The workflow system of the run',
        ],
    ]
}

// Size and SHA-256 of a file; of one above a gigabyte the size alone, as it may have to be fetched to be read.
def factsOf(path) {
    if (path.isDirectory()) {
        return [:]
    }
    def size = java.nio.file.Files.size(path)
    return [contentSize: "${size}".toString()] + (size > 1_000_000_000L ? [:] : [sha256: sha256Of(path)])
}

def sha256Of(path) {
    def digest = java.security.MessageDigest.getInstance('SHA-256')
    path.withInputStream { stream -> stream.eachByte(1048576) { buffer, length -> digest.update(buffer, 0, length) } }
    return digest.digest().encodeHex().toString()
}

def filesIn(folder) {
    return folder.exists() ? folder.listFiles().findAll { path -> !path.isDirectory() }.sort { path -> path.name } : []
}

// A path within the crate, or the name of something in it, as a relative reference.
def idOf(text) {
    def (path, fragment) = (text.split('#', 2).toList() + [null])[0, 1]
    return new java.net.URI(null, null, path, fragment).toASCIIString()
}

def formatOf(name) {
    def formats = [
        csv: 'text/csv', tsv: 'text/tab-separated-values', txt: 'text/plain', json: 'application/json', html: 'text/html',
        yml: 'application/yaml', mmd: 'text/vnd.mermaid', gz: 'application/gzip', h5ad: 'application/x-hdf5',
        parquet: 'application/vnd.apache.parquet',
    ]
    return formats[name.tokenize('.').last().toLowerCase()] ?: 'application/octet-stream'
}

def refTo(id) {
    return ['@id': id.toString()]
}

// A list of one is that one, as RO-Crate recommends.
def single(value) {
    return value instanceof List && value.size() == 1 ? value[0] : value
}

// In universal time, which does not tell where somebody is; with +00:00, as validators do not take Z.
def iso(time) {
    return time.withOffsetSameInstant(java.time.ZoneOffset.UTC).format(java.time.format.DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ssxxx"))
}
