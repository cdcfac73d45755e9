// An AnnData goes to a server of the CyteType protocol, and what it answers becomes a result file for each chunk file of the
// sample, as ANNOTATE would have written them. It fails for good only after what may heal was tried again, going on with the same
// job; its last failure does not stop the run: the sample is collected without results, and CHECK has the last word.
process CASSIA_SUBMIT {
    tag "${meta.id}"
    label 'process_low'
    label 'cassia_network'

    conda "${moduleDir}/environment.yml"
    container "cassia:0.1.0"

    // Nextflow's secret of this name, where there is one; else the token is the environment's.
    secret { "${task.ext.key_variable ?: ''}".tokenize(' ').findAll { name -> secrets[name] } }

    maxRetries 3
    errorStrategy {
        // 75 is the engine's "try again"; the others are kills by a signal or a scheduler, an exit code that was not written
        // whole (-1), or none at all.
        def mayHeal = task.exitStatus in ([75, 104, -1, Integer.MAX_VALUE] + (130..145) + (175..177))
        if (!mayHeal || task.attempt > task.maxRetries) {
            def line = "${meta.id} stays without results: ${lastWords(task.workDir, task.exitStatus, task.memory)}"
            log.warn(line)
            // For the last lines of a pipeline. A process can hand on nothing of a task that failed.
            System.properties.putIfAbsent('cassia.lost', line.toString())
            return 'ignore'
        }
        def seconds = (task.ext.retry_delay_s == null ? 30 : task.ext.retry_delay_s) * 2 ** (task.attempt - 1)
        def stopped = task.exitStatus in [130, 143] ? ', unless the run is being stopped' : ''
        log.warn("${meta.id} is tried again in ${seconds} s${stopped}: ${lastWords(task.workDir, task.exitStatus, task.memory)}")
        sleep(seconds * 1000L)
        return 'retry'
    }

    input:
    // chunks: those of SPLIT, all of the sample
    // options: what is said of the AnnData, by option of `cassia submit`: group_key, and what else there is
    tuple val(meta), path(h5ad, stageAs: 'h5ad/*'), path(chunks, stageAs: 'chunks/*'), val(options)

    output:
    tuple val(meta), path("results/chunk_*.jsonl", arity: '1..*'), emit: results
    tuple val("${task.process}"), val('cassia'), eval("cassia-engine --version | cut -d ' ' -f 2"), topic: versions, emit: versions_cassia

    when:
    task.ext.when == null || task.ext.when

    script:
    // Which server, whether data may leave (--allow_upload), and where the job file is kept (--journal_dir).
    def args = task.ext.args ?: ''
    // What a site adds, such as --job_timeout.
    def args2 = task.ext.args2 ?: ''
    def words = options.findAll { _option, value -> value }.collect { option, value ->
        value == true ? "--${option}" : "--${option} ${shellQuote(value)}"
    }
    def parts = (chunks instanceof List ? chunks : [chunks]).collect { chunk -> "--chunks ${chunk}" }
    """
    export CASSIA_SAMPLE=${shellQuote(meta.id)}
    cassia-engine submit ${h5ad} \\
        --resume \\
        --cleanup_artifacts \\
        --outdir results \\
        ${(words + parts).join(' \\\n        ')} \\
        ${args} ${args2}
    """

    stub:
    """
    mkdir results
    for chunk in chunks/*; do
        name=\${chunk##*/}
        echo '{}' > "results/\${name%.json}.jsonl"
    done
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
def lastWords(folder, code, memory) {
    if (code == 137) {
        return "it was killed (exit 137), from outside or because it needed more than its ${memory} of memory"
    }
    if (code in [-1, Integer.MAX_VALUE]) {
        return "it left no exit code: its node has gone, it needed more than its ${memory} of memory, or the work folder is full"
    }
    def said = folder?.resolve('.command.err')
    def lines = said?.exists() ? said.readLines().findAll { line -> line.trim() } : []
    return lines ? lines.last() : "it left no message (exit ${code})"
}
