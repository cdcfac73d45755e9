"""What the cells of an AnnData say of its clusters."""
