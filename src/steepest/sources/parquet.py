"""Parquet files, by pyarrow: columns in row groups, which can be read in any order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from steepest.chunk import SPAN
from steepest.errors import InputError
from steepest.sources.arrow import kinds_of
from steepest.sources.base import File


class Parquet(File):
    """A Parquet file; `order` lists row groups."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        opened = self._open()
        self.kinds: Mapping[str, str] = kinds_of(opened.schema_arrow, self.label)
        self.pieces = opened.num_row_groups

    def batches(
        self, names: Sequence[str], order: Sequence[int] | None = None, text: Sequence[str] = ()
    ) -> Iterator[Any]:
        import pyarrow as pa

        try:
            yield from self._open().iter_batches(SPAN, row_groups=order, columns=list(names))
        except (pa.ArrowInvalid, OSError) as error:
            raise self._damaged(error) from error

    def _open(self) -> Any:
        import pyarrow as pa
        import pyarrow.parquet

        try:
            return pyarrow.parquet.ParquetFile(self.path, pre_buffer=False)
        except pa.ArrowInvalid as error:
            raise self._damaged(error) from error

    def _damaged(self, error: Exception) -> InputError:
        return InputError(
            self.label, f"is no intact Parquet file ({error})", "Check the file", code="bad-file"
        )
