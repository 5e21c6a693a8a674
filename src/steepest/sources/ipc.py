"""Arrow IPC files (Feather version 2 is one), by pyarrow: record batches, which can be read in any order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from steepest.chunk import SPAN
from steepest.columns import Place, Slab
from steepest.errors import InputError
from steepest.sources.arrow import kinds_of
from steepest.sources.base import File
from steepest.sources.reading import Reading


class Ipc(File):
    """An Arrow IPC file; its record batches can be read in any order."""

    def __init__(self, path: Path, reading: Reading) -> None:
        super().__init__(path)
        with self._open() as opened:
            try:
                self.kinds: Mapping[str, str] = kinds_of(opened.schema, self.label)
            except UnicodeDecodeError as error:
                raise self._damaged(error) from error
            self._batches = opened.num_record_batches
        self.rows: int | None = self._count()

    def slabs(self, names: Sequence[str], text: Sequence[str] = ()) -> Sequence[Slab]:
        return [partial(self._read, number, list(names)) for number in range(self._batches)]

    def _read(self, number: int, names: list[str]) -> Iterator[tuple[Any, Place]]:
        import pyarrow as pa

        with self._open() as opened:
            try:
                batch = opened.get_batch(number).select(names)
                batch.validate(full=True)
            except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
                raise self._damaged(f"record batch {number}: {error}") from error
            for start in range(0, batch.num_rows, SPAN):
                yield batch.slice(start, SPAN), partial(self._place, number, start)

    def _place(self, number: int, start: int, row: int) -> str:
        with self._open() as opened:
            before = sum(opened.get_batch(each).num_rows for each in range(number))
        return f"row {before + start + row}"

    def _count(self) -> int:
        """Return the number of rows, which the heads of the record batches tell."""
        import pyarrow.dataset

        return pyarrow.dataset.dataset(self.path, format="ipc").count_rows()

    def _open(self) -> Any:
        import pyarrow as pa

        try:
            return pa.ipc.open_file(pa.memory_map(str(self.path)))
        except (pa.ArrowException, UnicodeDecodeError) as error:
            raise self._damaged(error) from error

    def _damaged(self, error: object) -> InputError:
        what = f"is no intact Arrow IPC file ({error})"
        return InputError(self.label, what, "Check the file", code="bad-file")
