#!/usr/bin/env nextflow
// .h5ad files with ranked genes, as nf-core/scdownstream hands them to CYTETYPE.
include { CASSIA_CELLTYPES } from './modules/local/cassia/celltypes/main'

workflow {
    main:
    ch_h5ad = channel.of([[id: 'leiden:wilcoxon', obs_key: params.group_key, rank_key: params.rank_key, integration: 'scvi', resolution: '0.5'], file(params.h5ad)])

    ch_cassia = ch_h5ad.multiMap { meta, h5ad ->
        h5ad: [meta, h5ad]
        group_key: meta.obs_key
        rank_key: meta.rank_key
        integration: meta.integration ?: 'unknown'
        resolution: meta.resolution ?: 'unknown'
    }
    CASSIA_CELLTYPES(ch_cassia.h5ad, 'index', params.study_context, ch_cassia.group_key, ch_cassia.rank_key, ch_cassia.integration, ch_cassia.resolution)

    // What goes back into the AnnData, and which of its columns may be summarised for other groups of cells
    ch_obs = CASSIA_CELLTYPES.out.obs
    ch_columns = CASSIA_CELLTYPES.out.annotation_columns.splitCsv(header: true, elem: 1).map { _meta, row -> row }

    ch_obs.view { parquet -> "obs: ${parquet.name}" }
    ch_columns.view { row -> "${row.obs_column} ${row.aggregatable}" }
}
