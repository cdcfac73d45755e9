// The last word on a run, after everything is written: fails it if more clusters failed than allowed.
process CASSIA_CHECK {
    label 'process_single'

    conda "${moduleDir}/environment.yml"
    container "cassia:0.1.0"

    // Never 'terminate', which would cut off the publishing of what is written.
    errorStrategy { task.exitStatus in ((130..145) + 104 + (175..177) + [-1, Integer.MAX_VALUE]) ? 'retry' : 'finish' }

    input:
    // Names of their own here: those that they come with have the samples' names in them, and so any character.
    path(statuses, stageAs: 'status?.json')

    output:
    tuple val("${task.process}"), val('cassia'), eval("cassia-engine --version | cut -d ' ' -f 2"), topic: versions, emit: versions_cassia

    when:
    task.ext.when == null || task.ext.when

    script:
    def args = task.ext.args ?: ''
    """
    cassia-engine check ${statuses} \\
        ${args}
    """

    stub:
    """
    """
}
