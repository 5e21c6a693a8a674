"""What a source is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from steepest.cells import Cells
from steepest.chunk import Chunk
from steepest.columns import Columns, Table
from steepest.errors import InputError, quoted


class Unlined:
    """A table that is no text: it has rows, and no lines to show."""

    pieces: int | None = None

    def place(self, row: int) -> str:
        return f"row {row}"

    def excerpt(self, name: str) -> tuple[str, ...]:
        return ()

    def witness(self, name: str) -> tuple[str, ...]:
        return ()


class File(Unlined):
    """What all files have in common; a kind of file adds `kinds` and `batches`."""

    repeatable = True

    def __init__(self, path: Path) -> None:
        self.path = path
        self.label = path.name
        if path.is_dir():
            raise IsADirectoryError(f"{path} is a directory")
        if not path.is_file():
            raise InputError(
                self.label, "is no regular file, which can be read twice", "Copy it to a file first"
            )
        if not path.stat().st_size:
            raise InputError(self.label, "the file is empty", "Choose a file with rows", code="empty-file")

    def fingerprint(self) -> object:
        status = self.path.stat()
        return (status.st_size, status.st_mtime_ns, status.st_ino)


class Source(Protocol):
    """Rows that can be read, and read again.

    Attributes
    ----------
    names : tuple of str
        Columns of every chunk: the features, then the target.
    columns : Columns or None
        Their meaning in a table.
    repeatable : bool
        Whether the rows can be read more than once.
    pieces : int or None
        Number of pieces that can be read in any order, if there are any.
    """

    @property
    def names(self) -> tuple[str, ...]: ...

    @property
    def columns(self) -> Columns | None: ...

    @property
    def repeatable(self) -> bool: ...

    @property
    def pieces(self) -> int | None: ...

    def chunks(self, order: Sequence[int] | None = None) -> Iterator[Chunk]:
        """Yield the rows, in the order of the source or of the pieces given."""
        ...

    def where(self, column: int) -> str:
        """Return what messages call a column of the chunks."""
        ...

    def place(self, row: int) -> str:
        """Return how a reader finds a row, counted from 0."""
        ...

    def phrase(self, cells: Cells) -> str:
        """Return how the library whose manners the rows come in says that cells cannot be used."""
        ...

    def fingerprint(self) -> object:
        """Return what changes when the data change."""
        ...


@dataclass(frozen=True, slots=True)
class Selection:
    """The rows of a table, seen through the meaning of its columns."""

    table: Table
    columns: Columns

    @property
    def names(self) -> tuple[str, ...]:
        return (*self.columns.terms, self.columns.target)

    @property
    def repeatable(self) -> bool:
        return self.table.repeatable

    @property
    def pieces(self) -> int | None:
        return self.table.pieces

    def chunks(self, order: Sequence[int] | None = None) -> Iterator[Chunk]:
        row = 0
        for batch in self.table.batches(self.columns.needed, order, self.columns.texts):
            yield self.columns.rows(batch, row, self.table.place)
            row += batch.num_rows

    def where(self, column: int) -> str:
        name = quoted(self.names[column])
        return f"the target {name}" if column == len(self.names) - 1 else f"column {name}"

    def place(self, row: int) -> str:
        return self.table.place(row)

    def phrase(self, cells: Cells) -> str:
        return ""

    def fingerprint(self) -> object:
        return self.table.fingerprint()


def designs(table: Table, columns: Columns) -> Iterator[Chunk]:
    """Yield the features of all rows of a table."""
    row = 0
    for batch in table.batches(columns.sources, text=columns.texts):
        yield columns.design(batch, row, table.place)
        row += batch.num_rows
