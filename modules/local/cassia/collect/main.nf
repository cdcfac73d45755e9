// Chunk and result files of a sample become its outputs; clusters of a chunk without a result are not_reached.
process CASSIA_COLLECT {
    tag "${meta.id}"
    label 'process_low'

    conda "${moduleDir}/environment.yml"
    container "cassia:0.1.0"

    input:
    // cells: what SPLIT made of the cells of an AnnData, and its genes.jsonl, as far as they are there, or []
    // run: '' where every chunk has its result, else anything that differs from run to run
    tuple val(meta), path(chunks, stageAs: 'chunks/*'), path(results, stageAs: 'results/*'), path(cells, stageAs: 'cells/*'), path(corrections, stageAs: 'corrections/*'), val(_run)
    // calibration: the one that ANNOTATE gets, for what is taken from the journal, or []
    path(calibration, stageAs: 'calibration/*')

    output:
    tuple val(meta), path("${prefix}/${prefix}_summary.csv", glob: false), emit: summary
    tuple val(meta), path("${prefix}/${prefix}_full.csv", glob: false), emit: full
    tuple val(meta), path("${prefix}/${prefix}_conversations.json", glob: false), emit: conversations
    tuple val(meta), path("${prefix}/${prefix}_report.html", glob: false), emit: report
    tuple val(meta), path("${prefix}/${prefix}_mqc.json", glob: false), path("${prefix}/${prefix}_outcomes_mqc.json", glob: false), emit: multiqc
    tuple val(meta), path("${prefix}_status.json", glob: false), emit: status
    tuple val("${task.process}"), val('cassia'), eval("cassia-engine --version | cut -d ' ' -f 2"), topic: versions, emit: versions_cassia

    when:
    task.ext.when == null || task.ext.when

    script:
    def args = task.ext.args ?: ''
    def args2 = task.ext.args2 ?: ''
    def calibrated = calibration ? "--calibration ${calibration}" : ''
    def corrected = corrections ? "--corrections ${corrections}" : ''
    prefix = task.ext.prefix ?: "${meta.id}"
    def word = shellWord(prefix)
    """
    cassia-engine collect ${chunks} ${results} ${cells} \\
        --name ${word} \\
        --outdir ${word} \\
        --status ${word}_status.json \\
        ${corrected} ${calibrated} ${args2} \\
        ${args}
    """

    stub:
    prefix = task.ext.prefix ?: "${meta.id}"
    def word = shellWord(prefix)
    """
    mkdir ${word}
    touch ${word}/${word}_summary.csv ${word}/${word}_full.csv ${word}/${word}_report.html
    touch ${word}/${word}_mqc.json ${word}/${word}_outcomes_mqc.json
    echo '{}' > ${word}/${word}_conversations.json
    echo '{}' > ${word}_status.json
    """
}

// A name as one word of the shell: other pipelines' ids may have any character.
def shellWord(name) {
    return "'${name.replace("'", /'\''/)}'"
}
