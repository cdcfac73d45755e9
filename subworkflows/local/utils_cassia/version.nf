// The first task of a run: nothing else starts before the engine of the tasks (image, conda, PATH) is known to be of the
// pipeline's version. No stub: a stub run asks the same engine for its version.
process VERSION {
    label 'process_single'

    conda "${moduleDir}/../../../modules/local/cassia/split/environment.yml"
    container "cassia:0.1.0"

    input:
    val expected

    output:
    val expected

    script:
    def image = workflow.containerEngine ? task.container : null
    def place = image ? "image ${image}" : 'no container'
    def remedy = image
        ? 'build that image anew with make image in the folder of the pipeline, or name one of this version (docs/usage.md)'
        : 'run make in the folder of the pipeline, and take other commands `cassia-engine` off PATH'
    """
    expect-cassia ${expected} '${place}' '${remedy}'
    """
}
