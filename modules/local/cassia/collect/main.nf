// Chunk and result files of a sample become its outputs; clusters of a chunk without a result are not_reached.
process CASSIA_COLLECT {
    tag "${meta.id}"
    label 'process_low'

    conda "${moduleDir}/environment.yml"
    container "cassia:0.1.0"

    input:
    // run: '' where every chunk has its result, else anything that differs from run to run
    tuple val(meta), path(chunks, stageAs: 'chunks/*'), path(results, stageAs: 'results/*'), path(corrections, stageAs: 'corrections/*'), val(_run)

    output:
    tuple val(meta), path("${prefix}/${prefix}_summary.csv"), emit: summary
    tuple val(meta), path("${prefix}/${prefix}_full.csv"), emit: full
    tuple val(meta), path("${prefix}/${prefix}_conversations.json"), emit: conversations
    tuple val(meta), path("${prefix}/${prefix}_report.html"), emit: report
    tuple val(meta), path("${prefix}/${prefix}_mqc.json"), path("${prefix}/${prefix}_outcomes_mqc.json"), emit: multiqc
    tuple val(meta), path("${prefix}_status.json"), emit: status
    tuple val("${task.process}"), val('cassia'), eval("cassia-engine --version | cut -d ' ' -f 2"), topic: versions, emit: versions_cassia

    when:
    task.ext.when == null || task.ext.when

    script:
    def args = task.ext.args ?: ''
    def args2 = task.ext.args2 ?: ''
    def corrected = corrections ? "--corrections ${corrections}" : ''
    prefix = task.ext.prefix ?: "${meta.id}"
    """
    cassia-engine collect ${chunks} ${results} \\
        --name ${prefix} \\
        --outdir ${prefix} \\
        --status ${prefix}_status.json \\
        ${corrected} ${args2} \\
        ${args}
    """

    stub:
    prefix = task.ext.prefix ?: "${meta.id}"
    """
    mkdir ${prefix}
    touch ${prefix}/${prefix}_summary.csv ${prefix}/${prefix}_full.csv ${prefix}/${prefix}_report.html
    touch ${prefix}/${prefix}_mqc.json ${prefix}/${prefix}_outcomes_mqc.json
    echo '{}' > ${prefix}/${prefix}_conversations.json
    echo '{}' > ${prefix}_status.json
    """
}
