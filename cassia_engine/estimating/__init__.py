"""What a run would ask and cost, before anything is sent (docs/usage.md).

estimate     the calls, tokens and dollars of a table's clusters, or of a chunk's
recorded     what the journal has answered, which costs nothing
chunk_files  the samples whose chunk files are given
lines        the same for a terminal, and as JSON
"""
