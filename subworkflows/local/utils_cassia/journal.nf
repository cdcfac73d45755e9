// The journal at the launch of a run; the engine keeps it, and docs/formats.md describes it.

// What an account refused last time may work now; with --fresh the samples' recorded answers are set aside, as `cassia run
// --fresh` does.
def startJournal(options, names) {
    def journal = file(options.journal_dir)
    if (options.provider == 'offline') {
        return null
    }
    // There before any task: an engine binds only what exists, or makes it as root.
    journal.mkdirs()
    journal.listFiles().findAll { path -> path.name.startsWith('STOP-') }.each { path -> path.delete() }
    names.findAll { name -> options.fresh && journal.resolve(name).exists() }.each { name ->
        def number = (1..100000).find { n -> !journal.resolve("${name}.aside-${n}").exists() }
        java.nio.file.Files.move(journal.resolve(name), journal.resolve("${name}.aside-${number}"))
        log.info("earlier answers for ${name} are set aside in ${journal}/${name}.aside-${number}")
    }
    return journal
}
