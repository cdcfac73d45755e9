// An .h5ad file with ranked genes gets cell types in one task, with the inputs and outputs of nf-core/scdownstream's CYTETYPE.
process CASSIA_CELLTYPES {
    tag "${meta.id}"
    label 'process_low'
    label 'cassia_network'

    conda "${moduleDir}/environment.yml"
    container "cassia:0.1.0"

    // Nextflow's secret of this name, where there is one; else the key is the environment's.
    secret { "${task.ext.key_variable ?: ''}".tokenize(' ').findAll { name -> secrets[name] } }

    input:
    // The species, and the tissue where it is known, are in ext.args.
    tuple val(meta), path(h5ad, stageAs: 'input/*')
    // a column of var; 'index' or '' for the names of the genes
    val symbol_col
    val study_context
    val group_key
    val rank_key
    // parts of the new columns' names
    val integration
    val resolution

    output:
    tuple val(meta), path("${prefix}.h5ad", glob: false), emit: h5ad
    path "${prefix}.parquet", glob: false, emit: obs
    tuple val(meta), path("${prefix}_annotation_columns.csv", glob: false), emit: annotation_columns
    tuple val(meta), path("${prefix}_summary.csv", glob: false), emit: summary
    tuple val(meta), path("${prefix}_report.html", glob: false), emit: report
    tuple val("${task.process}"), val('cassia'), eval("cassia-engine --version | cut -d ' ' -f 2"), topic: versions, emit: versions_cassia

    when:
    task.ext.when == null || task.ext.when

    script:
    def args = task.ext.args ?: ''
    def args2 = task.ext.args2 ?: ''
    prefix = task.ext.prefix ?: "${meta.id}"
    if (!args.contains('--species')) {
        error("CASSIA_CELLTYPES: the species of ${meta.id} is not known; say it by ext.args, such as '--species human --tissue blood'")
    }
    def word = shellQuote(prefix)
    def base = "annotation:cassia:${integration}:${resolution}"
    def said = [tissue: 'none', additional_info: study_context, gene_symbols_column: symbol_col == 'index' ? '' : symbol_col, group_key: group_key, rank_key: rank_key]
    def about = said.findAll { _option, value -> value }.collect { option, value -> "--${option} ${shellQuote(value)}" }
    def clusters = [group_key: group_key, rank_key: rank_key].findAll { _option, value -> value }.collect { option, value -> "--${option} ${shellQuote(value)}" }
    def columns = ['cell_type', 'ontology_term', 'ontology_term_id', 'cell_state'].collect { end -> "${shellQuote("${base}:${end}")} ${end == 'cell_type'}" }
    """
    export CASSIA_SAMPLE=${word}
    cassia-engine run ${h5ad} \\
        --name ${word} \\
        --outdir . \\
        ${about.join(' \\\n        ')} \\
        ${args}
    cassia-engine labels ${h5ad} ${word}_summary.csv \\
        ${clusters.join(' \\\n        ')} \\
        --standard scdownstream \\
        --prefix ${shellQuote("${base}:")} \\
        --output ${word}.h5ad \\
        --parquet ${word}.parquet \\
        ${args2}
    printf '%s,%s\\n' obs_column aggregatable ${columns.join(' ')} > ${word}_annotation_columns.csv
    """

    stub:
    prefix = task.ext.prefix ?: "${meta.id}"
    def word = shellQuote(prefix)
    """
    touch ${word}.h5ad ${word}.parquet ${word}_summary.csv ${word}_report.html
    echo obs_column,aggregatable > ${word}_annotation_columns.csv
    """
}

// A text as one word of bash, byte for byte: ids and contexts may have any character.
def shellQuote(text) {
    def word = "${text}".getBytes('UTF-8').collect { octet ->
        def code = octet & 0xff
        code < 32 || code > 126 || code in [39, 92] ? String.format('\\%03o', code) : "${code as char}"
    }
    return "\$'${word.join('')}'"
}
