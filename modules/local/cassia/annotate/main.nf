// A chunk file becomes a result file. It fails for good only after what may heal was tried again, and its last failure
// does not stop the run: the sample is collected without the chunk, and CHECK has the last word.
process CASSIA_ANNOTATE {
    tag "${meta.id} ${chunk.baseName}"
    label 'process_single'
    label 'cassia_network'

    conda "${moduleDir}/environment.yml"
    container "cassia:0.1.0"

    // Nextflow's secret of this name, where there is one; else the key is the environment's.
    secret { "${task.ext.key_variable ?: ''}".tokenize(' ').findAll { name -> secrets[name] } }

    maxRetries 3
    errorStrategy {
        // 75 is the engine's "try again"; the others are kills by a signal or a scheduler, an exit code that was not written
        // whole (-1), or none at all.
        def mayHeal = task.exitStatus in ([75, 104, -1, Integer.MAX_VALUE] + (130..145) + (175..177))
        if (!mayHeal || task.attempt > task.maxRetries) {
            def line = "${meta.id}, ${chunk.baseName} stays without a result: ${lastWords(task.workDir, task.exitStatus, task.memory)}"
            log.warn(line)
            // For the last lines of a pipeline. A process can hand on nothing of a task that failed; 77 has its reason in the journal.
            if (task.exitStatus != 77) {
                System.properties.putIfAbsent('cassia.lost', line.toString())
            }
            return 'ignore'
        }
        def seconds = (task.ext.retry_delay_s == null ? 30 : task.ext.retry_delay_s) * 2 ** (task.attempt - 1)
        def stopped = task.exitStatus in [130, 143] ? ', unless the run is being stopped' : ''
        log.warn("${meta.id}, ${chunk.baseName} is tried again in ${seconds} s${stopped}: ${lastWords(task.workDir, task.exitStatus, task.memory)}")
        sleep(seconds * 1000L)
        return 'retry'
    }

    input:
    // genes: the statistics of all genes of the table, as SPLIT writes them, or []
    // at_once: how many of these tasks, or arrays of them, share what the account allows
    tuple val(meta), path(chunk), path(genes, stageAs: 'genes/*'), path(knowledge, stageAs: 'knowledge/*'), val(at_once)
    // calibration: a file of cassia calibrate, or []
    path(calibration, stageAs: 'calibration/*')

    output:
    tuple val(meta), path("${prefix}.jsonl", glob: false), emit: results
    tuple val("${task.process}"), val('cassia'), eval("cassia-engine --version | cut -d ' ' -f 2"), topic: versions, emit: versions_cassia

    when:
    task.ext.when == null || task.ext.when

    script:
    def args = task.ext.args ?: ''
    def of_table = genes ? "--genes ${genes}" : ''
    def added = knowledge ? "--knowledge ${knowledge}" : ''
    def calibrated = calibration ? "--calibration ${calibration}" : ''
    def shared = "--tasks ${at_once * (task.array ?: 1)}"
    def workers = task.ext.max_workers ? "--max_workers ${task.ext.max_workers}" : ''
    prefix = task.ext.prefix ?: "${chunk.baseName}"
    """
    cassia-engine annotate ${chunk} \\
        --output ${shellWord(prefix)}.jsonl \\
        ${[of_table, added, calibrated, shared, workers].findAll().join(' ')} \\
        ${args}
    """

    stub:
    prefix = task.ext.prefix ?: "${chunk.baseName}"
    """
    echo '{}' > ${shellWord(prefix)}.jsonl
    """
}

// A name as one word of the shell: ext.prefix may have any character.
def shellWord(name) {
    return "'${name.replace("'", /'\''/)}'"
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
