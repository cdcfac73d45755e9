// What --input is, a marker table or a samplesheet of many, as a list of samples: [ meta, tables, gene_map, cluster_context,
// knowledge, corrections ]. In meta are id, tissue, species and all else that a sample may have of its own; a file that is not given is [].
include { fileOf ; isStore ; shown } from './values'
include { isSheet ; readSheet      } from './samplesheet'

// The samples of a run; whatever is wrong with them is added to `problems`, a line each.
def readSamples(options, schema, problems) {
    def input = fileOf("${options.input}")
    if (!input?.exists() || (input.isDirectory() && !isStore(input)) || !java.nio.file.Files.isReadable(input)) {
        return []
    }
    if (input.isDirectory() || !isSheet(input, schema)) {
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

// The file that says how sure answers are, [] for that of the engine.
def calibrationOf(options) {
    return options.calibration ? fileOf("${options.calibration}") : []
}

// A copy of each .h5ad file is wanted of a run that has none.
def checkCopies(options, samples, problems) {
    def files = samples.collectMany { sample -> sample[1] instanceof List ? [] : [sample[1].name] }
    if (options.write_h5ad && samples && !files.any { name -> name.endsWith('.h5ad') }) {
        problems << '--write_h5ad copies .h5ad files with the labels of their cells, and no sample is one; leave it out'
    }
}

// What a sample has of its own, by column, for the only sample of a run over one marker table.
def singleSample(table, options, problems) {
    ['tissue', 'species'].findAll { name -> options[name] == null || !"${options[name]}".trim() }.each { name ->
        problems << "--${name} is missing: a marker table needs --tissue and --species (a samplesheet, not compressed, with columns sample and markers, has them itself)"
    }
    def stem = table.name.replaceFirst(/(\.zarr)?(\.zip)?(\.h5mu)?(\.h5ad)?(\.parquet)?(\.gmt)?(\.txt)?(\.tsv)?(\.csv)?(\.gz)?$/, '')
    def id = options.name ?: stem.replaceAll(/^[^A-Za-z0-9]+/, '').replaceAll(/[^A-Za-z0-9._+-]/, '_').take(120)
    if (!id || id in ['pipeline_info', 'index.html']) {
        problems << "--name is missing: ${shown(table.name)} is no file name to make one from"
    }
    return [sample: id, markers: [table]]
}

// A sample, from its own values by column, and the run's parameters where it has none.
def sampleOf(values, options, schema) {
    def columns = schema.items.properties
    def chosen = columns.collectEntries { column, _spec -> [column, values[column] == null ? options[column] : values[column]] }
    def meta = columns.findAll { _column, spec -> spec.meta }.collectEntries { column, spec -> [spec.meta[0], chosen[column]] }
    def files = ['gene_map', 'cluster_context', 'knowledge', 'corrections'].collect { column ->
        chosen[column] instanceof CharSequence ? fileOf("${chosen[column]}") : chosen[column] ?: []
    }
    return [meta, chosen.markers.size() == 1 ? chosen.markers[0] : chosen.markers] + files
}
