// One page that leads to the reports of all samples.
process CASSIA_INDEX {
    label 'process_single'

    conda "${moduleDir}/environment.yml"
    container "cassia:0.1.0"

    input:
    // Names of their own here: those that they come with have the samples' names in them, and so any character.
    path(statuses, stageAs: 'status?.json')

    output:
    path 'index.html', emit: index
    tuple val("${task.process}"), val('cassia'), eval("cassia-engine --version | cut -d ' ' -f 2"), topic: versions, emit: versions_cassia

    when:
    task.ext.when == null || task.ext.when

    script:
    def args = task.ext.args ?: ''
    """
    cassia-engine index ${statuses} \\
        --output index.html \\
        ${args}
    """

    stub:
    """
    touch index.html
    """
}
