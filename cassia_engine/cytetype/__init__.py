"""What the CyteType client does: the question to a server, the files that go with it, the job and its results.

input_data  the question about clusters, from an AnnData
preparation what goes to a server of an AnnData: the question and two files
job         a job from its upload to its results, and the one that a process before has left
opening     which job a job file is of, and whether it may go on
question    what a job is asked
upload      files in chunks, several at once, resumed
polling     waiting for a job
job_file    what is on disk of a job, before anything waits
waiting     waits that can be ended, attempts that follow each other
in_thread   an event loop beside the caller
service     the calls of the protocol
http        one request over aiohttp
protocol    what the calls ask and answer
results     what a server says of each cluster
errors      the errors of the protocol
"""
