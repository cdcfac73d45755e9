"""Labels that the cells of an AnnData have already, compared with what their markers say (docs/witnesses.md).

judging    one cluster: its label against the strongest other type
queue      all clusters of an AnnData, worst first
table      the queue as text and as a file
in_python  the function of the package
"""
