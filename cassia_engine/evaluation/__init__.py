"""Labels of any tool scored against an expert's, on the Cell Ontology (docs/evaluate.md).

predictions   what a tool says of each cluster
words         which labels are none
formats       the tables that tools write, and by which columns they are known
scores        how sure a tool is
tables        the rows of a table as predictions
cells         labels of cells as labels of clusters
objects       JSON of tools
wanted        what a caller says of the tables
reading       any of these forms as predictions
gold          the expert's labels
lineages      the broad lineages that the figures count by
grading       how near a label is to the expert's
judging       each cluster of the two tables
figures       shares with their intervals, and the hierarchical measures
curves        what the scores are worth
evaluated     all of it as one record
evaluating    from the two tables to the record
cluster_table a row for each cluster
lines         a short table for a terminal
charts        the curves as drawings
page          the page
outputs       the files
in_python     the function of the package
"""
