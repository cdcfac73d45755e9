"""Pages of a server: a job's report with what needs the server, and the list of a caller's jobs.

served       puts a script and a style into the report's own page
jobs_page    the list of jobs

The script is made of the modules in `scripts/`, as that of the report is. Both stand in the page: they share the
report's store (report/scripts/shared/store.js) and nothing else, so that a report stays as it was when it was made.
"""
