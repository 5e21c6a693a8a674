"""Parquet files, by pyarrow: columns in row groups, which can be read in any order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from steepest.cells import Cells
from steepest.chunk import SPAN
from steepest.columns import Place, Slab
from steepest.errors import InputError
from steepest.sources.arrow import kinds_of
from steepest.sources.base import File, counted
from steepest.sources.reading import Reading
from steepest.sources.steady import again, failure, steadily

PAGE = 1 << 16
"""Bytes that are read at a time: then they are decoded while a core still holds them."""


class Parquet(File):
    """A Parquet file; its row groups can be read in any order. Checksums of pages are verified."""

    _metadata: Any = None

    def __init__(self, path: Path, reading: Reading) -> None:
        super().__init__(path)
        opened = steadily(path, self._open)
        self._metadata = opened.metadata
        self.kinds: Mapping[str, str] = kinds_of(opened.schema_arrow, self.label)
        self.rows: int | None = self._metadata.num_rows
        groups = range(self._metadata.num_row_groups)
        if sum(self._metadata.row_group(group).num_rows for group in groups) != self.rows:
            raise self._damaged("its row groups do not add up")

    def slabs(self, names: Sequence[str], text: Sequence[str] = ()) -> Sequence[Slab]:
        groups = range(self._metadata.num_row_groups)
        rows = [self._metadata.row_group(group).num_rows for group in groups]
        return [
            partial(self._read, group, first, list(names))
            for group, first in zip(groups, accumulate(rows, initial=0), strict=False)
        ]

    def nulls(self, names: Sequence[str]) -> Cells:
        counts = self._null_counts(names)
        first = tuple(self._first_null(name, column) for name, column in zip(names, counts.T, strict=True))
        missing = counts.sum(axis=0)
        return Cells(tuple(names), self._metadata.num_rows, missing, np.zeros_like(missing), first)

    def _null_counts(self, names: Sequence[str]) -> NDArray[np.int64]:
        """Return the numbers (groups, names) of missing cells, as far as the footer tells."""
        groups = [self._metadata.row_group(group) for group in range(self._metadata.num_row_groups)]
        counts = np.zeros((len(groups), len(names)), np.int64)
        paths = [groups[0].column(j).path_in_schema for j in range(groups[0].num_columns)] if groups else []
        places = {path: j for j, path in enumerate(paths)}
        for column, name in enumerate(names):
            for row, group in enumerate(groups if name in places else ()):
                known: Any = group.column(places[name]).statistics
                counts[row, column] = (known and known.null_count) or 0
        return counts

    def _first_null(self, name: str, counts: NDArray[np.int64]) -> str:
        """Return where the first missing cell of a column is, given its counts (groups,)."""
        if not counts.any():
            return ""
        group = int(np.flatnonzero(counts)[0])
        first = sum(self._metadata.row_group(before).num_rows for before in range(group))
        rows = steadily(self.path, lambda: self._open().read_row_group(group, columns=[name]))
        return counted(first, rows.column(0).is_null().to_pylist().index(True))

    def _read(self, group: int, first: int, names: list[str]) -> Iterator[tuple[Any, Place]]:
        import pyarrow as pa

        last = first + self._metadata.row_group(group).num_rows
        try:
            for batch in again(self.path, partial(self._batches, group, names)):
                yield batch, partial(counted, first)
                first += batch.num_rows
        except MemoryError:
            raise
        except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
            if failure(error):
                raise
            raise self._damaged(f"row group {group}: {error}") from error
        if first != last:
            raise self._damaged(f"row group {group} lacks rows")

    def _batches(self, group: int, names: list[str]) -> Iterator[Any]:
        alone = self._metadata.num_row_groups == 1
        return self._open().iter_batches(SPAN, row_groups=[group], columns=names, use_threads=alone)

    def _open(self) -> Any:
        import pyarrow as pa
        import pyarrow.parquet

        try:
            return pyarrow.parquet.ParquetFile(
                self.path,
                metadata=self._metadata,
                pre_buffer=False,
                buffer_size=PAGE,
                page_checksum_verification=True,
            )
        except UnicodeEncodeError as error:
            raise InputError(
                self.label, "its name is not UTF-8", "Rename the file", code="bad-file"
            ) from error
        except (pa.ArrowException, UnicodeDecodeError) as error:
            raise self._damaged(error) from error

    def _damaged(self, error: object) -> InputError:
        return InputError(
            self.label, f"is no intact Parquet file ({error})", "Check the file", code="bad-file"
        )
