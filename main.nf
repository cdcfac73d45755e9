#!/usr/bin/env nextflow
// cassia: marker tables of single-cell clusters become annotated cell types. Nextflow wires, the engine (`cassia`) works.
include { CASSIA                                           } from './subworkflows/local/cassia'
include { DRY_RUN                                          } from './subworkflows/local/dry_run'
include { checkParameters ; helpText ; readSchema ; specsOf } from './subworkflows/local/utils_cassia/parameters'
include { stopAt ; typedParameters                         } from './subworkflows/local/utils_cassia/parameters'
include { checkBackend ; startBackend                      } from './subworkflows/local/utils_cassia/backend'
include { checkJournal ; startJournal                      } from './subworkflows/local/utils_cassia/journal'
include { checkImage                                       } from './subworkflows/local/utils_cassia/image'
include { writeCrate                                       } from './subworkflows/local/utils_cassia/crate'
include { checkAirGap ; checkKey ; checkToken              } from './subworkflows/local/utils_cassia/key'
include { checkDryRun ; checkProvider                      } from './subworkflows/local/utils_cassia/provider'
include { calibrationOf ; checkCopies ; readSamples        } from './subworkflows/local/utils_cassia/samples'
include { describe ; noticeOfVersion                       } from './subworkflows/local/utils_cassia/summary'
include { readStatus ; saveParameters                      } from './subworkflows/local/utils_cassia/summary'
include { sayReason ; summaryOf                            } from './subworkflows/local/utils_cassia/summary'
include { VERSION                                          } from './subworkflows/local/utils_cassia/version'

workflow {
    main:
    schema = readSchema(file("${projectDir}/nextflow_schema.json"))
    // From here on nothing looks at `params`, whose types are the launch's.
    options = typedParameters(params, schema)

    if (options.help) {
        println(helpText(schema))
    }
    else if (options.version) {
        println("${workflow.manifest.name} ${workflow.manifest.version}")
    }
    else {
        problems = []
        checkParameters(options, schema, problems)
        samples = readSamples(options, readSchema(file("${projectDir}/assets/schema_input.json")), problems)
        checkCopies(options, samples, problems)
        checkProvider(options, specsOf(schema), samples, problems)
        checkDryRun(options, problems)
        checkBackend(options, specsOf(schema), samples, problems)
        checkJournal(options, workflow.workDir.toUriString(), problems)
        if (!problems) {
            checkAirGap(options, file("${projectDir}/cassia_engine/data/providers.tsv"), problems)
        }
        if (!problems && !workflow.stubRun && !options.dry_run) {
            checkKey(options, file("${projectDir}/cassia_engine/data/providers.tsv"), problems)
            checkToken(options, problems)
        }
        if (!problems) {
            checkImage(workflow.containerEngine, "cassia:${workflow.manifest.version}", problems)
        }
        stopAt(problems)
        samples = startBackend(options, samples)
        saveParameters(options)
        startJournal(options, samples.collect { sample -> sample[0].id }, workflow.workDir.toUriString())

        VERSION(workflow.manifest.version)
        // What the run said of itself, for the words at its end. Inside onComplete only local variables can be seen.
        def outdir = options.outdir
        def names = samples.collect { sample -> sample[0].id }
        def outcomes = [:]
        def told = [:]
        def index = []
        def estimates = []
        def notices = [] as Set
        ch_samples = VERSION.out.flatMap { _version -> samples }
        if (options.dry_run) {
            DRY_RUN(ch_samples, calibrationOf(options))
            DRY_RUN.out.text.subscribe { text -> estimates << text.getText('UTF-8') }
        }
        else {
            CASSIA(ch_samples, options.provider == 'offline' ? 1 : options.max_tasks, options.write_h5ad, calibrationOf(options))
            CASSIA.out.status.subscribe { meta, status ->
                told[meta.id] = readStatus(status)
                outcomes[meta.id] = describe(meta.id, told[meta.id])
            }
            CASSIA.out.index.subscribe { page -> index << page.name }
        }

        channel.topic('versions')
            .unique()
            .map { process, tool, version -> "${process}:\n    ${tool}: ${version}" }
            .collectFile(name: 'versions.yml', storeDir: "${options.outdir}/pipeline_info", newLine: true, sort: true)

        channel.topic('versions').subscribe { _process, _tool, version -> notices << noticeOfVersion(version) }
        def about = workflow
        def run = [options: options, schema: schema, samples: samples, told: told, index: index, about: about]
        workflow.onComplete {
            println(summaryOf(outdir, names, outcomes, index, estimates, notices))
            sayReason(about.errorMessage)
            // Of a dry run there are no results to describe.
            if (!run.options.dry_run) {
                writeCrate(run)
            }
        }
    }
}
