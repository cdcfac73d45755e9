"""AnnData files (.h5ad), read by h5py alone: neither anndata nor Scanpy is needed."""
