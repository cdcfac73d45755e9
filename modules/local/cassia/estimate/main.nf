// What a language model would be asked about all samples, and what that costs. Nothing is sent.
process CASSIA_ESTIMATE {
    label 'process_low'

    conda "${moduleDir}/environment.yml"
    container "cassia:0.1.0"

    input:
    // chunk files of all samples, and their genes files; each in a folder of its own, as those of two samples have the same names
    path(chunks, stageAs: 'chunks/?/*')
    // calibration: the file of cassia calibrate that ANNOTATE would get, or []
    path(calibration, stageAs: 'calibration/*')

    output:
    path 'estimate.txt', emit: text
    path 'estimate.json', emit: json
    tuple val("${task.process}"), val('cassia'), eval("cassia-engine --version | cut -d ' ' -f 2"), topic: versions, emit: versions_cassia

    when:
    task.ext.when == null || task.ext.when

    script:
    def args = task.ext.args ?: ''
    def args2 = task.ext.args2 ?: ''
    def calibrated = calibration ? "--calibration ${calibration}" : ''
    """
    cassia-engine estimate ${chunks} \\
        --output estimate.json \\
        ${[calibrated, args2].findAll().join(' ')} \\
        ${args} \\
        > estimate.txt
    """

    stub:
    """
    echo 'a stub estimates nothing' > estimate.txt
    echo '{}' > estimate.json
    """
}
