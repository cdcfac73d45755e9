// What --input is, a marker table or a samplesheet of many, as a list of samples: [ meta, tables, gene_map, cluster_context,
// knowledge, corrections ]. In meta are id, tissue, species and all else that a sample may have of its own; a file that is not given is [].
include { fileOf ; shown        } from './parameters'
include { columnsOf ; headerOf  } from './samplesheet'
include { readSheet             } from './samplesheet'

// The samples of a run; whatever is wrong with them is added to `problems`, a line each.
def readSamples(options, schema, problems) {
    def input = fileOf("${options.input}")
    if (!input?.exists() || input.isDirectory() || !java.nio.file.Files.isReadable(input)) {
        return []
    }
    if (!isSheet(columnsOf(firstLine(input), schema), schema.items.required)) {
        return [sampleOf(singleSample(input, options, problems), options, schema)]
    }
    // By parameter, the column that has this instead. Clusters of several tables have the same ids, so that a table about clusters
    // is one sample's.
    def ofEach = [name: 'sample', tissue: 'tissue', species: 'species', cluster_context: 'cluster_context', corrections: 'corrections']
    ofEach.findAll { name, _column -> options[name] != null }.each { name, column ->
        problems << "--${name}: --input ${input.name} is a samplesheet, which says this of each sample in its column ${column}; leave --${name} out"
    }
    return readSheet(input, schema, problems).collect { values -> sampleOf(values, options, schema) }
}

// A samplesheet has the columns sample and markers; or, one of them being misspelt, three of those that it needs.
def isSheet(columns, required) {
    return ('sample' in columns && 'markers' in columns) || required.count { column -> column in columns } >= 3
}

// What a sample has of its own, by column, for the only sample of a run over one marker table.
def singleSample(table, options, problems) {
    ['tissue', 'species'].findAll { name -> options[name] == null || !"${options[name]}".trim() }.each { name ->
        problems << "--${name} is missing: a marker table needs --tissue and --species (a samplesheet, with columns sample and markers, has them itself)"
    }
    def stem = ['.gz', '.csv', '.tsv', '.txt', '.gmt', '.parquet'].inject(table.name) { name, ending ->
        name.endsWith(ending) ? name.dropRight(ending.size()) : name
    }
    def id = options.name ?: stem.replaceAll(/^[^A-Za-z0-9]+/, '').replaceAll(/[^A-Za-z0-9._+-]/, '_').take(120)
    if (!id || id in ['pipeline_info', 'index.html']) {
        problems << "--name is missing: ${shown(table.name)} is no file name to make one from"
    }
    return [sample: id, markers: [table]]
}

// A sample, from its own values by column, and the run's parameters where it has none.
def sampleOf(values, options, schema) {
    def columns = schema.items.properties
    def chosen = columns.keySet().collectEntries { column -> [column, values[column] == null ? options[column] : values[column]] }
    def meta = columns.findAll { _column, spec -> spec.meta }.collectEntries { column, spec -> [spec.meta[0], chosen[column]] }
    def files = ['gene_map', 'cluster_context', 'knowledge', 'corrections'].collect { column ->
        def given = chosen[column]
        given instanceof CharSequence ? fileOf("${given}") : given ?: []
    }
    def tables = chosen.markers.size() == 1 ? chosen.markers[0] : chosen.markers
    return [meta, tables] + files
}

// The header of a file, be it compressed (by its first two bytes) or not; '' if it cannot be unpacked.
def firstLine(path) {
    def compressed = path.withInputStream { stream -> stream.read() == 0x1f && stream.read() == 0x8b }
    try {
        return path.withInputStream { stream ->
            def plain = compressed ? new java.util.zip.GZIPInputStream(stream) : stream
            // A file of one endless line is no samplesheet: no more is looked at than a header may need.
            headerOf(new String(plain.readNBytes(65536), 'UTF-8'))
        }
    }
    catch (IOException _broken) {
        return ''
    }
}
