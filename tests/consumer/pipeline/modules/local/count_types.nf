// What is after cassia in this pipeline: here the summaries are counted.
process COUNT_TYPES {
    tag "${meta.id}"

    input:
    tuple val(meta), path(summary)

    output:
    tuple val(meta), path("${meta.batch}_${meta.id}.txt"), emit: counts

    script:
    """
    grep -c ',annotated,' ${summary} > ${meta.batch}_${meta.id}.txt || true
    """
}
