"""Gene names: which are symbols or ids, what tools put around them, and which markers of a cluster are kept."""
