"""Arrow IPC files (Feather version 2 is one), by pyarrow: record batches, which can be read in any order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from steepest.chunk import SPAN
from steepest.columns import Place, Slab
from steepest.errors import InputError
from steepest.sources.arrow import kinds_of
from steepest.sources.base import File, counted
from steepest.sources.reading import Reading
from steepest.sources.steady import again, failure, steadily


class Ipc(File):
    """An Arrow IPC file; its record batches can be read in any order."""

    def __init__(self, path: Path, reading: Reading) -> None:
        super().__init__(path)
        with self._intact():
            opened = steadily(path, self._open)
            self.kinds: Mapping[str, str] = kinds_of(opened.schema, self.label)
            self._names, self._batches = opened.schema.names, opened.num_record_batches
            self.rows: int | None = self._rows_before(self._batches)

    def slabs(self, names: Sequence[str], text: Sequence[str] = ()) -> Sequence[Slab]:
        return [partial(self._read, number, list(names)) for number in range(self._batches)]

    def _read(self, number: int, names: list[str]) -> Iterator[tuple[Any, Place]]:
        with self._intact(f"record batch {number}: "):
            batch = steadily(self.path, lambda: self._open(names).get_batch(number).select(names))
            batch.validate(full=True)
        for start in range(0, batch.num_rows, SPAN):
            yield batch.slice(start, SPAN), partial(self._place, number, start)

    def _place(self, number: int, start: int, row: int) -> str:
        return counted(self._rows_before(number) + start, row)

    def _rows_before(self, number: int) -> int:
        """Return the number of rows before a record batch; to count them, one column is read."""
        names, batches = self._names[:1], range(number)
        return sum(
            batch.num_rows for batch in again(self.path, lambda: map(self._open(names).get_batch, batches))
        )

    def _open(self, names: Sequence[str] = ()) -> Any:
        """Return a reader of some columns, or of all.

        The file is not mapped into memory: there, a medium that fails kills the process.
        """
        import pyarrow as pa

        options = pa.ipc.IpcReadOptions(included_fields=[self._names.index(name) for name in names])
        return pa.ipc.open_file(pa.OSFile(str(self.path)), options=options)

    @contextmanager
    def _intact(self, part: str = "") -> Iterator[None]:
        """Say of what Arrow cannot read that the file is damaged."""
        import pyarrow as pa

        try:
            yield
        except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
            if failure(error):
                raise
            what = f"is no intact Arrow IPC file ({part}{error})"
            raise InputError(self.label, what, "Check the file", code="bad-file") from error
