// A marker table becomes chunk files, one a task of ANNOTATE.
process CASSIA_SPLIT {
    tag "${meta.id}"
    label 'process_low'

    conda "${moduleDir}/environment.yml"
    container "cassia:0.1.0"

    input:
    // markers: a table, or several that are one sample's, each in a folder of its own as they may have the same name
    // knowledge: the table that ANNOTATE gets, only to be checked before anything is annotated
    // options: what is said of the sample, by option of `cassia split`: tissue and species, and what else there is
    tuple val(meta), path(markers, stageAs: 'markers/?/*'), path(gene_map, stageAs: 'gene_map/*'), path(cluster_context, stageAs: 'cluster_context/*'), path(knowledge, stageAs: 'knowledge/*'), val(options)

    output:
    tuple val(meta), path("chunks/chunk_*.json", arity: '1..*'), emit: chunks
    // of an AnnData only: for COLLECT, and not for ANNOTATE
    tuple val(meta), path("chunks/cells.jsonl"), optional: true, emit: cells
    // the statistics of all genes, where a language model may ask for them: for ANNOTATE, and for COLLECT
    tuple val(meta), path("chunks/genes.jsonl"), optional: true, emit: genes
    tuple val("${task.process}"), val('cassia'), eval("cassia-engine --version | cut -d ' ' -f 2"), topic: versions, emit: versions_cassia

    when:
    task.ext.when == null || task.ext.when

    script:
    def args = task.ext.args ?: ''
    def prefix = task.ext.prefix ?: "${meta.id}"
    // What a flag that is false is called; the others are left out then.
    def off = [ascending: '--descending']
    def words = options.findAll { _option, value -> value != null && value != '' }.collect { option, value ->
        value == true ? "--${option}" : value == false ? off[option] ?: '' : "--${option} ${shellQuote(value)}"
    }.findAll()
    def files = [gene_map: gene_map, cluster_context: cluster_context, knowledge: knowledge].findAll { _option, path -> path }.collect { option, path -> "--${option} ${path}" }
    """
    export CASSIA_SAMPLE=${shellQuote(prefix)}
    cassia-engine split ${markers} \\
        --name ${shellQuote(prefix)} \\
        --outdir chunks \\
        ${(words + files).join(' \\\n        ')} \\
        ${args}
    """

    stub:
    """
    mkdir chunks
    echo '{}' > chunks/chunk_00000.json
    echo '{}' > chunks/cells.jsonl
    echo '{}' > chunks/genes.jsonl
    """
}

// What a person typed, as one word of bash, byte for byte: in a line of plain ASCII, so that neither the indent of the
// script, nor the locale of Nextflow or of the task, changes it.
def shellQuote(text) {
    def word = "${text}".getBytes('UTF-8').collect { octet ->
        def code = octet & 0xff
        code < 32 || code > 126 || code in [39, 92] ? String.format('\\%03o', code) : "${code as char}"
    }
    return "\$'${word.join('')}'"
}
