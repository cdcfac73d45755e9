"""The stages of a run, each a subcommand and a process of the pipeline of its name; `run` is all in one process."""
