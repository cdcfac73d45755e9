"""vars.h5 and obs.duckdb of a job, read in processes of their own.

The files come from outside: a process that reads one has limits, no network and no other file.

messages     what a reader is asked, and what it answers
syscalls     numbers of the system calls that a reader may not make
seccomp      the filter that refuses them
landlock     which files a process can open
sandbox      limits and filters of a process
compression  chunks of HDF5, never longer than they may be
hdf5         groups and datasets of an HDF5 file that hold their own values
vars_file    vars.h5: genes and their values
obs_file     obs.duckdb: columns, clusters, coordinates
by_cluster   values, cluster by cluster
answering    the answers, from both files
pool         the processes of a server
"""
