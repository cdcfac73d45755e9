"""What the CyteType client does: the question to a server, the files that go with it, the job and its results.

input_data  the question about clusters, from an AnnData
"""
