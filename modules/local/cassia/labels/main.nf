// The cells of an .h5ad file get the labels of their clusters: in a table with one row per cell, and in a copy of the file.
process CASSIA_LABELS {
    tag "${meta.id}"
    label 'process_single'

    conda "${moduleDir}/environment.yml"
    container "cassia:0.1.0"

    maxRetries 2
    // A failure does not stop the run, which has everything else of the sample: the workflow fails it at its end.
    errorStrategy {
        def mayHeal = task.exitStatus in ((130..145) + 104 + (175..177) + [-1, Integer.MAX_VALUE])
        if (mayHeal && task.attempt <= task.maxRetries) {
            return 'retry'
        }
        def line = "${meta.id}: its cells get no labels: ${lastWords(task.workDir, task.exitStatus)}"
        log.warn(line)
        System.properties.putIfAbsent('cassia.unlabelled', line.toString())
        return 'ignore'
    }

    input:
    // options: what is said of the clusters, by option of `cassia labels`: group_key, rank_key and label_na
    tuple val(meta), path(h5ad, stageAs: 'h5ad/*'), path(summary, stageAs: 'summary.csv'), val(options)
    val write_h5ad

    output:
    tuple val(meta), path("${prefix}/${prefix}_labels.parquet", glob: false), emit: parquet
    tuple val(meta), path("${prefix}/${prefix}_labelled.h5ad", glob: false), emit: h5ad, optional: true
    tuple val("${task.process}"), val('cassia'), eval("cassia-engine --version | cut -d ' ' -f 2"), topic: versions, emit: versions_cassia

    when:
    task.ext.when == null || task.ext.when

    script:
    def args = task.ext.args ?: ''
    prefix = task.ext.prefix ?: "${meta.id}"
    def word = shellQuote(prefix)
    def words = options.findAll { _option, value -> value }.collect { option, value -> "--${option} ${shellQuote(value)}" }
    def copy = write_h5ad ? ["--output ${word}/${word}_labelled.h5ad"] : []
    """
    export CASSIA_SAMPLE=${word}
    mkdir ${word}
    # The labels say which summary they are of.
    ln -s summary.csv ${word}_summary.csv
    cassia-engine labels ${h5ad} ${word}_summary.csv \\
        --parquet ${word}/${word}_labels.parquet \\
        ${(copy + words).join(' \\\n        ')} \\
        ${args}
    """

    stub:
    prefix = task.ext.prefix ?: "${meta.id}"
    def word = shellQuote(prefix)
    """
    mkdir ${word}
    touch ${word}/${word}_labels.parquet ${write_h5ad ? "${word}/${word}_labelled.h5ad" : ''}
    """
}

// A text as one word of bash, byte for byte: other pipelines' ids may have any character.
def shellQuote(text) {
    def word = "${text}".getBytes('UTF-8').collect { octet ->
        def code = octet & 0xff
        code < 32 || code > 126 || code in [39, 92] ? String.format('\\%03o', code) : "${code as char}"
    }
    return "\$'${word.join('')}'"
}

// What a task said last on standard error; one that was killed could not say why.
def lastWords(folder, code) {
    def said = folder?.resolve('.command.err')
    def lines = said?.exists() ? said.readLines().findAll { line -> line.trim() } : []
    return lines ? lines.last() - 'cassia: error: ' : "it left no message (exit ${code})"
}
