"""One cluster whose label is in doubt: hypotheses, genes that a model asks for, and an answer (docs/boost.md).

investigation  the conversation
boosted        what came of it, as records
boost          the cluster, its table and what was said of it before; all of an investigation
options        the options, for the command line and Python
outputs        the files and the lines for a terminal
page           the page
in_python      the function of the package
"""
