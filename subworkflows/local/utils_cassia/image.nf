// The image of the tasks at the launch of a run: one that `make image` builds is in no registry, so that an engine that lacks
// it would look there in vain.
include { settingOf } from './key'

// Adds a line to `problems` where the tasks run here, in docker or podman, and the image is not there.
def checkImage(engine, image, problems) {
    def config = nextflow.Global.session.config
    def isHere = (settingOf(config.process, 'executor') ?: 'local') == 'local'
    // An image that a site names may come from a registry.
    def isOwn = !config[engine ?: '']?.registry && !settingOf(config.process, 'container') && !config.wave?.enabled
    def fault = engine in ['docker', 'podman'] && isHere && isOwn ? faultOfImage(engine, image) : null
    if (fault) {
        problems << "no image ${image} (${fault}): run make image in the folder of the pipeline first, or name one of a registry (docs/containers.md)"
    }
}

// Why an engine does not have an image, in its words; null if it has it, or takes long to say.
def faultOfImage(engine, image) {
    try {
        def asked = new ProcessBuilder(engine, 'image', 'inspect', '--format', '{{.Id}}', image).redirectErrorStream(true).start()
        if (!asked.waitFor(30, java.util.concurrent.TimeUnit.SECONDS)) {
            asked.destroy()
            return null
        }
        def lines = asked.inputStream.readLines('UTF-8').findAll { line -> line.trim() }
        return asked.exitValue() == 0 ? null : "${engine} says: ${lines ? lines.last() : 'nothing'}"
    }
    catch (IOException _missing) {
        return "${engine} is not on PATH"
    }
}
