"""Long tables: a gene a row, filtered and ranked."""
