// What is said of a run: its parameters on disk, and a few lines at its end.

// Writes the parameters as JSON to pipeline_info.
def saveParameters(options) {
    def info = file("${options.outdir}/pipeline_info")
    info.mkdirs()
    info.resolve('params.json').text = groovy.json.JsonOutput.prettyPrint(groovy.json.JsonOutput.toJson(options)) + '\n'
}

// A sample's outcome counts in words, by its status file: "9 annotated, 1 no_markers".
def describe(status) {
    def counts = new groovy.json.JsonSlurper().parseText(status.text).counts ?: [:]
    return counts.collect { outcome, number -> "${number} ${outcome}" }.join(', ')
}

// The sentence that must be said with the results of a result file, such as that no language model was asked; or ''.
def noticeOf(result) {
    def header = result.withReader('UTF-8') { reader -> reader.readLine() }
    return new groovy.json.JsonSlurper().parseText(header).run?.notice ?: ''
}

// The sentence on a task whose engine is of another version, where -resume took VERSION's word of an earlier run; or ''.
def noticeOfVersion(version) {
    def ours = workflow.manifest.version
    return version == ours ? '' : "tasks ran with cassia ${version}, and the pipeline is ${ours}: start it without -resume, which would have said so first"
}

// The last lines of a run: where each report is, what became of its clusters, where the index is, and what else must be said.
def summaryOf(outdir, samples, outcomes, index, notices) {
    def width = outcomes.keySet()*.size().max() ?: 0
    def lines = samples.findAll { sample -> sample in outcomes }.collect { sample ->
        "  ${sample.padRight(width)}  ${outdir}/${sample}/${sample}_report.html  (${outcomes[sample]})"
    }
    def leading = index.collect { page -> "One page that leads to them: ${outdir}/${page}" }
    def ending = workflow.success
        ? []
        : ['The run failed, for the reason given above. When it is mended, the same command with -resume does only what is missing.']
    return ([''] + (lines ? ['Reports:'] + lines : []) + leading + notices.findAll() + ending).join('\n')
}
