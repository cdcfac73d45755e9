// What is said of a run: its parameters on disk, and a few lines at its end.

// Writes the parameters as JSON to pipeline_info.
def saveParameters(options) {
    def info = file("${options.outdir}/pipeline_info")
    info.mkdirs()
    info.resolve('params.json').text = groovy.json.JsonOutput.prettyPrint(groovy.json.JsonOutput.toJson(options)) + '\n'
}

// A status file as it was read.
def readStatus(path) {
    return new groovy.json.JsonSlurper().parseText(path.getText('UTF-8'))
}

// What a status file says of its sample: the outcome counts ("9 annotated, 1 no_markers"); the engine's lines, on cell types and
// what needs review, with its warnings on the sample as a whole; and notices for the run, such as that no language model was asked.
def describe(id, told) {
    def counts = (told.counts ?: [:]).collect { outcome, number -> "${number} ${outcome}" }
    def lines = [told.summary ?: ''].findAll() + (told.warnings ?: []).collect { warning -> "Warning: ${warning}" }
    def notices = [told.notice ?: ''].findAll() + (told.run_warnings ?: []).collect { warning -> "Warning: ${id}: ${warning}" }
    return [counts: counts.join(', '), lines: lines, notices: notices, usage: told.subMap(['calls', 'tokens', 'cost_usd'])]
}

// What all samples cost together, in words; '' if no model was asked.
def usageOf(outcomes) {
    def asked = outcomes.values()*.usage.findAll { usage -> usage.calls }
    if (!asked) {
        return ''
    }
    def calls = String.format(Locale.ROOT, '%,d', asked.sum { usage -> usage.calls })
    return "${calls} calls, ${total(asked*.tokens, '%,d')} tokens, cost ${total(asked*.cost_usd*.toBigDecimal(), '%.4g USD')}"
}

// A sum in words; one part that is not known makes the whole unknown.
def total(parts, form) {
    return parts.contains(null) ? 'unknown' : String.format(Locale.ROOT, form, parts.sum())
}

// The sentence on a task whose engine is of another version, where -resume took VERSION's word of an earlier run; or ''.
def noticeOfVersion(version) {
    def ours = workflow.manifest.version
    return version == ours ? '' : "tasks ran with cassia ${version}, and the pipeline is ${ours}: start it without -resume, which would have said so first"
}

// The last lines of a run, but for the reason of its end: where each report is, what became of its clusters, where the index is, what a dry
// run has estimated, and what else must be said.
def summaryOf(outdir, samples, outcomes, index, estimates, notices) {
    def width = outcomes.keySet()*.size().max() ?: 0
    def lines = samples.findAll { sample -> sample in outcomes }.collectMany { sample ->
        def report = "  ${sample.padRight(width)}  ${outdir}/${sample}/${sample}_report.html  (${outcomes[sample].counts})"
        [report] + outcomes[sample].lines.collect { line -> "  ${' ' * width}  ${line}" }
    }
    def leading = index.collect { page -> "One page that leads to them: ${outdir}/${page}" }
    def estimated = estimates.collectMany { text -> text.readLines() + ['', "Written: ${outdir}/estimate.txt and estimate.json. This was a dry run: nothing is annotated."] }
    def said = (outcomes.values().collectMany { told -> told.notices } + notices.findAll()).unique()
    def how = wasStopped(workflow.errorMessage) ? 'was stopped. The' : 'failed. When the reason is corrected, the'
    def ending = workflow.success ? [] : ["The run ${how} same command with -resume does only what is missing."]
    def usage = ["${usageOf(outcomes)}"].findAll()
    return ([''] + (lines ? ['Reports:'] + lines : []) + leading + usage + estimated + said + ending).join('\n')
}

// Whether a person or a scheduler ended the run.
def wasStopped(message) {
    return "${message}".trim() ==~ /SIG(INT|TERM|HUP)/
}

// Says again, last of all, why a run failed: in the engine's own lines, which stand far above by then, in the middle of all
// that Nextflow says of the task; of a task without such a line, its last one; and of the first chunk that stayed without a
// result, why. Not before Nextflow itself ends: on a terminal it repeats its errors after all that a workflow prints.
def sayReason(message) {
    def start = 'cassia: error: '
    def said = "${message ?: ''}".readLines()*.trim().findAll()
    def ours = said.findAll { line -> line.startsWith(start) }.collect { line -> line.drop(start.size()) }
    def lost = System.getProperty('cassia.lost')?.replace(start, '')
    def lines = message && !wasStopped(message) ? (ours ?: said.takeRight(1)) + [lost].findAll() : []
    if (lines) {
        Runtime.runtime.addShutdownHook(new Thread({ -> System.out.println(lines.join('\n')) }))
    }
}
