"""What a person gets for a sample: tables, conversations, the report, and the files that MultiQC reads."""
