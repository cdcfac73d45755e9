"""The process of a run: it annotates on this machine, or by a run of the pipeline, and leaves results and outcome."""
