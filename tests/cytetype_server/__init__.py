"""A server of the CyteType protocol for tests: every call over real sockets, with its state on disk.

    python -m tests.cytetype_server --folder state --port 9100

It can be killed and started again in the same folder. What it does is set by POST /control with the fields of
`Settings`, or at its start (--settings '{"polls": 3}'); faults are rules of faults.py. GET /control shows what came
(see record.py), POST /release lets go of what is withheld, POST /reset forgets everything.

settings   how it behaves
faults     everything that can go wrong, by name, and for which call
record     what came, on disk
state      uploads and jobs, on disk
calls      what each call of the protocol does
answers    results in both forms
server     all of them as one aiohttp application
running    the program as a process of a test
"""
