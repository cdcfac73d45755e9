#!/usr/bin/env nextflow
// A small pipeline of somebody else, which has cassia name its clusters. docs/modules.md explains it.
include { TIDY        } from './modules/local/tidy'
include { CASSIA      } from './subworkflows/local/cassia/main'
include { COUNT_TYPES } from './modules/local/count_types'

workflow {
    main:
    // Only where a language model is asked: containers bind a folder that is there, and a key that was refused may work now.
    file(params.journal).mkdirs()
    files("${params.journal}/STOP-*").each { stop -> stop.delete() }

    ch_tables = channel.fromPath(params.sheet)
        .splitCsv(header: true)
        .map { row -> [[id: row.sample, batch: row.batch, tissue: row.tissue, species: row.species], file(row.table)] }
    TIDY(ch_tables)

    // [ meta, table, gene_map, cluster_context, knowledge, corrections ], with [] for a file that is not there
    ch_markers = TIDY.out.markers.map { meta, table -> [meta, table, [], [], [], []] }
    CASSIA(ch_markers, 4, false, [])

    // [ meta, csv ], with all that was in meta
    COUNT_TYPES(CASSIA.out.summary)

    channel.topic('versions')
        .unique()
        .map { process, tool, version -> "${process}:\n    ${tool}: ${version}" }
        .collectFile(name: 'versions.yml', storeDir: params.results, newLine: true, sort: true)
}
