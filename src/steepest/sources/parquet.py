"""Parquet files, by pyarrow: columns in row groups, which can be read in any order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import accumulate
from pathlib import Path
from typing import Any

from steepest.chunk import SPAN
from steepest.columns import Place, Slab
from steepest.errors import InputError
from steepest.sources.arrow import kinds_of
from steepest.sources.base import File, counted
from steepest.sources.reading import Reading

PAGE = 1 << 16
"""Bytes that are read at a time: then they are decoded while a core still holds them."""


class Parquet(File):
    """A Parquet file; its row groups can be read in any order. Checksums of pages are verified."""

    def __init__(self, path: Path, reading: Reading) -> None:
        super().__init__(path)
        opened = self._open()
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

    def nulls(self, names: Sequence[str]) -> Mapping[str, tuple[int, str]]:
        found: dict[str, tuple[int, str]] = {}
        for name, counts in self._null_counts(names).items():
            if sum(counts):
                group = next(group for group, count in enumerate(counts) if count)
                first = sum(self._metadata.row_group(before).num_rows for before in range(group))
                values = self._open().read_row_group(group, columns=[name]).column(0)
                row = first + values.is_null().to_pylist().index(True)
                found[name] = (sum(counts), f"row {row}")
        return found

    def _null_counts(self, names: Sequence[str]) -> dict[str, list[int]]:
        """Return the numbers of missing cells by column and row group, as far as the footer tells."""
        counts: dict[str, list[int]] = {name: [] for name in names}
        for group in range(self._metadata.num_row_groups):
            columns = self._metadata.row_group(group)
            for column in map(columns.column, range(columns.num_columns)):
                if column.path_in_schema in counts:
                    known: Any = column.statistics
                    counts[column.path_in_schema].append((known and known.null_count) or 0)
        return counts

    def _read(self, group: int, first: int, names: list[str]) -> Iterator[tuple[Any, Place]]:
        import pyarrow as pa

        alone, last = self._metadata.num_row_groups == 1, first + self._metadata.row_group(group).num_rows
        try:
            batches = self._open().iter_batches(SPAN, row_groups=[group], columns=names, use_threads=alone)
            for batch in batches:
                yield batch, partial(counted, first)
                first += batch.num_rows
        except MemoryError:
            raise
        except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
            raise self._damaged(f"row group {group}: {error}") from error
        if first != last:
            raise self._damaged(f"row group {group} lacks rows")

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

    _metadata: Any = None

    def _damaged(self, error: object) -> InputError:
        return InputError(
            self.label, f"is no intact Parquet file ({error})", "Check the file", code="bad-file"
        )
