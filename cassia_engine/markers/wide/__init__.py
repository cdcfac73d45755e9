"""Wide tables: a column for each cluster, turned into a long table."""
