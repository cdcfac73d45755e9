#!/usr/bin/env nextflow
// One of the modules alone, without the subworkflow.
include { CASSIA_SPLIT } from './modules/local/cassia/split/main'

workflow {
    ch_table = channel.of([[id: 'pbmc'], file(params.table), [], [], [], [tissue: 'blood', species: 'human']])
    CASSIA_SPLIT(ch_table)
    CASSIA_SPLIT.out.chunks.view { meta, chunks -> "${meta.id}: ${chunks.size()} chunk files" }
}
