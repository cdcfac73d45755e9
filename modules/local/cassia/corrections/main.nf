// A table of corrections is checked against its sample's clusters: what is wrong with it is told before anything is annotated.
process CASSIA_CORRECTIONS {
    tag "${meta.id}"
    label 'process_single'

    conda "${moduleDir}/environment.yml"
    container "cassia:0.1.0"

    input:
    tuple val(meta), path(chunks, stageAs: 'chunks/*'), path(corrections, stageAs: 'corrections/*')

    output:
    val meta, emit: meta
    tuple val("${task.process}"), val('cassia'), eval("cassia-engine --version | cut -d ' ' -f 2"), topic: versions, emit: versions_cassia

    when:
    task.ext.when == null || task.ext.when

    script:
    def args = task.ext.args ?: ''
    """
    export CASSIA_SAMPLE=${shellWord("${meta.id}")}
    cassia-engine corrections ${corrections} ${chunks} \\
        ${args}
    """

    stub:
    """
    """
}

// A name as one word of the shell: other pipelines' ids may have any character.
def shellWord(name) {
    return "'${name.replace("'", /'\''/)}'"
}
