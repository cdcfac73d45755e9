include { CASSIA_SPLIT       as SPLIT       } from '../../../modules/local/cassia/split/main'
include { CASSIA_ANNOTATE    as ANNOTATE    } from '../../../modules/local/cassia/annotate/main'
include { CASSIA_SUBMIT      as SUBMIT      } from '../../../modules/local/cassia/submit/main'
include { CASSIA_CORRECTIONS as CORRECTIONS } from '../../../modules/local/cassia/corrections/main'
include { CASSIA_COLLECT     as COLLECT     } from '../../../modules/local/cassia/collect/main'
include { CASSIA_LABELS      as LABELS      } from '../../../modules/local/cassia/labels/main'
include { CASSIA_INDEX       as INDEX       } from '../../../modules/local/cassia/index/main'
include { CASSIA_CHECK       as CHECK       } from '../../../modules/local/cassia/check/main'

// Marker tables become annotated clusters. Every table gets its outputs, whatever became of its chunks.
workflow CASSIA {
    take:
    // channel: [ val(meta), path(table), path(gene_map), path(cluster_context), path(knowledge), path(corrections) ], [] for
    // a file that is not there; meta: id, tissue, species, and where there is any what else `sampleOptions` takes; with
    // backend: 'cytetype' a sample that is one .h5ad file is sent to a server of the CyteType protocol, as ext.args of SUBMIT says
    ch_markers
    // integer: annotate tasks that may run at once, and share the calls in flight; 1 where no calls are made
    max_tasks
    // boolean: whether .h5ad files are copied with the labels, besides the table of cells and labels
    write_h5ad
    // path: how sure answers are, a file of cassia calibrate; [] for the calibration of cassia
    calibration

    main:
    ch_tables = ch_markers.map { meta, table, gene_map, cluster_context, knowledge, _corrections ->
        [meta, table, gene_map, cluster_context, knowledge, sampleOptions(meta)]
    }
    SPLIT(ch_tables)
    // Said before anything is paid: the last lines of a run have it too, but then it is too late to stop.
    SPLIT.out.chunks.subscribe { meta, chunks -> warnOfSpecies(meta.id, chunks instanceof List ? chunks[0] : chunks) }

    // A step of its own, whose outputs ANNOTATE does not get: corrections that are added later change nothing there.
    ch_corrections = ch_markers.map { meta, _table, _gene_map, _cluster_context, _knowledge, corrections -> [meta, corrections] }
    CORRECTIONS(SPLIT.out.chunks.join(ch_corrections).filter { _meta, _chunks, corrections -> corrections })

    // [ meta, [chunks] ], when all tables are read: nothing is annotated, or paid, before all are known to be good
    ch_split = SPLIT.out.chunks
        .toList()
        .map { samples -> [samples] }
        .combine(CORRECTIONS.out.meta.count())
        .flatMap { samples, _corrected -> samples }
    // How many tasks share the calls in flight. Not more than there can be, so that one sample more seldom changes it.
    ch_at_once = SPLIT.out.chunks.toList().map { samples -> [max_tasks, samples.sum(0) { _meta, chunks -> chunks.size() }].min() }

    // [ meta, genes ]; [] where there are none to ask for
    ch_genes = SPLIT.out.chunks.join(SPLIT.out.genes, remainder: true).map { meta, _chunks, genes -> [meta, genes ?: []] }

    // [ meta, chunk, genes, knowledge, at_once ]; a group key, so that a sample is collected as soon as its own chunks are done
    ch_knowledge = ch_markers.map { meta, _table, _gene_map, _cluster_context, knowledge, _corrections -> [meta, knowledge] }
    ch_chunks = ch_split
        .filter { meta, _chunks -> meta.backend != 'cytetype' }
        .join(ch_genes)
        .join(ch_knowledge)
        .combine(ch_at_once)
        .flatMap { meta, chunks, genes, knowledge, n -> chunks.collect { chunk -> [groupKey(meta, chunks.size()), chunk, genes, knowledge, n] } }
    ANNOTATE(ch_chunks, calibration)

    // [ meta, h5ad, [chunks], options ]; a sample is one job of the server
    ch_h5ad = ch_markers.map { meta, table, _gene_map, _cluster_context, _knowledge, _corrections -> [meta, table] }
    ch_jobs = ch_split
        .filter { meta, _chunks -> meta.backend == 'cytetype' }
        .join(ch_h5ad)
        .map { meta, chunks, h5ad -> [meta, h5ad, chunks.sort { chunk -> chunk.name }, jobOptions(meta)] }
    SUBMIT(ch_jobs)

    // [ meta, [results] ], sorted: the order of arrival must not change COLLECT's hash; a failed chunk is missing
    ch_results = ANNOTATE.out.results
        .groupTuple(remainder: true)
        .map { key, results -> [key.getGroupTarget(), results] }
        .mix(SUBMIT.out.results)
        .map { meta, results -> [meta, results.sort { result -> result.name }] }

    // [ meta, [cells, genes] ]; those that there are. Known when all tables are split, so that no sample waits for others.
    ch_sampled = SPLIT.out.chunks
        .join(SPLIT.out.cells, remainder: true)
        .join(ch_genes)
        .map { meta, _chunks, cells, genes -> [meta, [cells, genes].findAll()] }

    // [ meta, [chunks], [results], cells, corrections, run ]; a sample of which no chunk came through has no results. Where one is missing, the
    // run's name keeps -resume from taking an old task: there may be more in the journal by now.
    ch_parts = ch_split
        .join(ch_results, remainder: true)
        .join(ch_sampled)
        .join(ch_corrections)
        .map { meta, chunks, results, cells, corrections ->
            def whole = results && results.size() == chunks.size()
            [meta, chunks.sort { chunk -> chunk.name }, results ?: [], cells, corrections, whole ? '' : workflow.runName]
        }
    COLLECT(ch_parts, calibration)

    // A sample that is one AnnData has cells to label.
    ch_cells = ch_markers
        .filter { _meta, table, _gene_map, _cluster_context, _knowledge, _corrections -> !(table instanceof List) && table.name.endsWith('.h5ad') }
        .map { meta, table, _gene_map, _cluster_context, _knowledge, _corrections -> [meta, table] }
        .join(COLLECT.out.summary)
        .map { meta, h5ad, summary -> [meta, h5ad, summary, meta.subMap(['group_key', 'rank_key', 'label_na'])] }
    LABELS(ch_cells, write_h5ad)

    ch_statuses = COLLECT.out.status.map { _meta, status -> status }.collect(sort: { status -> status.name })
    INDEX(ch_statuses)

    // After index and labels: when CHECK fails, nothing more is started.
    ch_done = INDEX.out.index.ifEmpty('left out by ext.when').combine(LABELS.out.parquet.count())
    CHECK(ch_statuses.map { statuses -> [statuses] }.combine(ch_done).map { statuses, _index, _labelled -> statuses }.first())
    // Where cells stayed without labels the run fails last, as the module labels ignores its failures.
    CHECK.out.versions_cassia.map { _process, _tool, _version -> System.getProperty('cassia.unlabelled') }.subscribe { line -> line && error(line) }

    results = ANNOTATE.out.results.map { key, result -> [key.getGroupTarget(), result] }.mix(SUBMIT.out.results.transpose())
    summary = COLLECT.out.summary
    full = COLLECT.out.full
    conversations = COLLECT.out.conversations
    report = COLLECT.out.report
    multiqc = COLLECT.out.multiqc
    status = COLLECT.out.status
    index = INDEX.out.index
    labels = LABELS.out.parquet
    h5ad = LABELS.out.h5ad

    emit:
    results // channel: [ val(meta), path(jsonl) ], a chunk each
    summary // channel: [ val(meta), path(csv) ]
    full // channel: [ val(meta), path(csv) ]
    conversations // channel: [ val(meta), path(json) ]
    report // channel: [ val(meta), path(html) ]
    multiqc // channel: [ val(meta), path(json), path(json) ], a table and a bar graph
    status // channel: [ val(meta), path(json) ], outcome counts
    index // channel: path(html), one page over all reports
    labels // channel: [ val(meta), path(parquet) ], of each .h5ad file
    h5ad // channel: [ val(meta), path(h5ad) ], labelled copies, if wanted
}

// Warns where a chunk file says that the genes of its sample do not fit the species.
def warnOfSpecies(id, chunk) {
    // The first line of a chunk file is all of it but its clusters.
    def head = chunk.withReader('UTF-8') { reader -> reader.readLine() }
    def found = new groovy.json.JsonSlurper().parseText(head.endsWith('[') ? "${head}]}" : head).selection?.species_mismatch
    if (found) {
        def what = found.by_spelling ? "${found.n_other} of ${found.n_genes} genes are written like ${found.other} symbols" : "only ${found.n_known} of ${found.n_genes} genes are known"
        log.warn("${id}: ${what} (${found.examples.take(3).join(', ')}, ...), and the species is ${found.species}: if that is wrong, stop the run and correct it")
    }
}

// What SPLIT is told of a sample, from its meta; scripts/make_parameters.py renews the list.
def sampleOptions(meta) {
    // made: sample_options
    def names = [
        'tissue', 'species', 'additional_info', 'marker_format', 'n_genes', 'max_p_val_adj', 'min_log2fc', 'min_pct',
        'ranking_method', 'ascending', 'cluster_column', 'gene_column', 'log2fc_column', 'p_val_adj_column',
        'score_column', 'pct_in_column', 'pct_out_column', 'cluster_name', 'gene_filter', 'allow_unknown_genes',
        'siblings', 'group_key', 'rank_key', 'gene_symbols_column', 'rank', 'coordinates_key', 'witness', 'modality',
        'table', 'label_na',
    ]
    return meta.subMap(names)
}

// What SUBMIT is told of a sample: how its AnnData is read, as SPLIT does, and how many genes are sent.
def jobOptions(meta) {
    def names = ['group_key', 'rank_key', 'gene_symbols_column', 'rank', 'coordinates_key', 'modality', 'table', 'label_na']
    return meta.subMap(names) + (meta.n_genes ? [n_top_genes: meta.n_genes] : [:])
}
