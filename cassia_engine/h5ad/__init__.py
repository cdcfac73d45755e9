"""AnnData in files by h5py alone, in Zarr stores by zarr, or in memory: neither anndata nor Scanpy is needed."""


def is_anndata(value: object) -> bool:
    """Whether a value has what an AnnData has."""
    return all(hasattr(value, name) for name in ("obs", "var", "uns", "obsm")) and _has_x(value)


def _has_x(value: object) -> bool:
    try:
        return hasattr(value, "X")
    except OSError:  # of a backed one, whose file is not there any more
        return True


def is_mudata(value: object) -> bool:
    """Whether a value has what a MuData has."""
    return all(hasattr(value, name) for name in ("mod", "n_mod", "obs"))


def is_spatialdata(value: object) -> bool:
    """Whether a value has what a SpatialData has."""
    return all(hasattr(value, name) for name in ("tables", "images", "shapes"))
