"""What a run would ask and cost, before anything is sent (docs/usage.md).

estimate  the calls, tokens and dollars of a table's clusters
lines     the same for a terminal
"""
