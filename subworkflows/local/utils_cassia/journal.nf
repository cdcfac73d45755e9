// The journal at the launch of a run; the engine keeps it, and docs/formats.md describes it.

// Whether a folder's address is in an object store: no file there can be appended to, and no engine binds it.
def inObjectStore(address) {
    return "${address}" ==~ /(s3|gs|az):.*/
}

def checkJournal(options, work, problems) {
    if (inObjectStore(options.journal_dir)) {
        problems << "--journal_dir ${options.journal_dir}: the journal is appended to, which an object store cannot do; give a folder that all tasks share, or leave it out"
    }
    if (options.max_cost != null && inObjectStore(work)) {
        problems << "--max_cost ${options.max_cost}: with the work directory in an object store the tasks share no folder, in which they could hold a cap together; use a work directory on a shared file system, or leave it out"
    }
    if (options.batch && inObjectStore(work)) {
        problems << '--batch: with the work directory in an object store the journal of a task is gone with it, and its batch would not be found again; use a work directory on a shared file system, or leave it out'
    }
}

// What an account refused last time may work now; with --fresh the samples' recorded answers are set aside, as `cassia run
// --fresh` does.
def startJournal(options, names, work) {
    def isServer = options.backend == 'cytetype'
    if (options.provider == 'offline' && !isServer) {
        return null
    }
    if (inObjectStore(work) && isServer) {
        log.warn("the work directory is in an object store, so the job file of a task lives and dies with it: when a task is lost, its sample is sent again, as another job")
        return null
    }
    if (inObjectStore(work)) {
        log.warn("the work directory is in an object store, so the journal of a task lives and dies with it: when a task is lost, at most one chunk (${options.chunk_size} clusters) is paid again")
        return null
    }
    def journal = file(options.journal_dir)
    // There before any task: an engine binds only what exists, or makes it as root.
    journal.mkdirs()
    if (!journal.isDirectory() || !java.nio.file.Files.isWritable(journal)) {
        error("--journal_dir ${options.journal_dir}: no folder can be made or written there; name one that all tasks can write")
    }
    if (options.dry_run) {
        return journal
    }
    startBudget(options, journal)
    journal.listFiles().findAll { path -> path.name.startsWith('STOP-') }.each { path -> path.delete() }
    names.findAll { name -> options.fresh && journal.resolve(name).exists() }.each { name ->
        def number = (1..100000).find { n -> !journal.resolve("${name}.aside-${n}").exists() }
        java.nio.file.Files.move(journal.resolve(name), journal.resolve("${name}.aside-${number}"))
        log.info("earlier answers for ${name} are set aside in ${journal}/${name}.aside-${number}")
    }
    return journal
}

// The cap that all tasks of the run hold together, and its resumptions: the engine's budget of the name of the session.
def startBudget(options, journal) {
    if (options.max_cost == null) {
        return null
    }
    def budget = journal.resolve(".budgets/${workflow.sessionId}")
    budget.mkdirs()
    budget.resolve('cap').text = "${options.max_cost}\n"
    budget.resolve('reached').delete()
    return budget
}
