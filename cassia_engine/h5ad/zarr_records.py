"""Record arrays of Zarr 3 for zarr 3.1, the last one for Python 3.11, which knows only those that it wrote itself."""

from __future__ import annotations

from typing import Any

from zarr.dtype import DataTypeValidationError, Structured, data_type_registry

_NAME = "struct"


class _Struct(Structured):  # type: ignore[misc]
    """The data type `struct`, as newer versions write it: {"name": ..., "data_type": ...} for each field."""

    _zarr_v3_name = _NAME

    @classmethod
    def from_json(cls, data: Any, *, zarr_format: int) -> Any:
        if zarr_format != 3 or not isinstance(data, dict) or data.get("name") != _NAME:
            raise DataTypeValidationError(f"{data!r} is no {_NAME}")
        fields = [[field["name"], field["data_type"]] for field in data["configuration"]["fields"]]
        return super().from_json({"name": _NAME, "configuration": {"fields": fields}}, zarr_format=zarr_format)

    @classmethod
    def from_native_dtype(cls, dtype: Any) -> Any:
        raise DataTypeValidationError(f"{dtype} is not written as a {_NAME}")

    def from_json_scalar(self, data: Any, *, zarr_format: int) -> Any:
        if not isinstance(data, dict):
            return super().from_json_scalar(data, zarr_format=zarr_format)
        parts = (field.from_json_scalar(data[name], zarr_format=zarr_format) for name, field in self.fields)
        return self._cast_scalar_unchecked(tuple(parts))


def register() -> None:
    """Let zarr read this data type, if it cannot by itself."""
    if _NAME not in data_type_registry.contents:
        data_type_registry.register(_NAME, _Struct)
