"""`cassia serve`: a server of the CyteType protocol.

options     what the command line says
network     how models are reached and what they are not shown, whoever names them
database    the SQLite database: uploads, jobs, runs, tokens, corrections
answers     errors of the protocol and JSON answers
ids         of jobs and uploads: made, and checked in paths
state       what all handlers share
app         all of it as one aiohttp application
access/     who may call: tokens, sessions of browsers, hosts and origins
uploads     artifacts, chunk by chunk
upload_rows     uploads in the database
upload_files    chunks on the disk
disk        how much of the disk is free, and whether that is enough for more
pruning     which uploads and jobs have expired, and their deletion
questions   what /annotate is asked, as a marker table and settings
question_form   the forms in which clients write that
chat        questions about a cluster, answered by the job's model
chat_facts  what that model is told
chat_genes  the genes that a question names, as the job's data have them
jobs        jobs, as the protocol shows them
job_runs    their runs: rows and files
revisions   clusters of a job that are annotated again
queue       which run is next, and what became of it
run_processes   the processes of runs: started, found again, told to stop
run_ends    what comes of a process that ends without saying how
nextflow    Nextflow and the pipeline, looked for when a server starts
worker/     the process of a run: annotates on this machine, or by a pipeline
reading/    vars.h5 and obs.duckdb, read in processes without network
artifact_calls  what these say, over HTTP
logs        the log, without keys
monitoring  /healthz and /metrics
metrics     the metrics of an application
corrections     what people say of clusters, with who and when
page/       the report of a job with what needs the server, and the list of jobs
page_calls      these pages, over HTTP
"""
