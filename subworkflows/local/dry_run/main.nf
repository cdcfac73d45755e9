include { CASSIA_ESTIMATE as ESTIMATE     } from '../../../modules/local/cassia/estimate/main'
include { CASSIA_SPLIT    as SPLIT        } from '../../../modules/local/cassia/split/main'
include { sampleOptions ; warnOfSpecies  } from '../cassia/main'

// What a run would ask a language model, and what that costs: tables are split as in CASSIA, and nothing is sent.
workflow DRY_RUN {
    take:
    // channel: as that of CASSIA
    ch_markers
    // path: a file of cassia calibrate; [] for the calibration of cassia
    calibration

    main:
    ch_tables = ch_markers.map { meta, table, gene_map, cluster_context, knowledge, _corrections ->
        [meta, table, gene_map, cluster_context, knowledge, sampleOptions(meta)]
    }
    SPLIT(ch_tables)
    SPLIT.out.chunks.subscribe { meta, chunks -> warnOfSpecies(meta.id, chunks instanceof List ? chunks[0] : chunks) }

    ch_files = SPLIT.out.chunks.mix(SPLIT.out.genes).flatMap { _meta, files -> files instanceof List ? files : [files] }.collect()
    ESTIMATE(ch_files, calibration)

    emit:
    text = ESTIMATE.out.text // channel: path(txt), calls, tokens and US dollars of each sample and of all
    json = ESTIMATE.out.json // channel: path(json), the same as values
}
