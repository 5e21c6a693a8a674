"""What a source is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from steepest.cells import Cells
from steepest.chunk import SPAN, Chunk, Piece
from steepest.columns import Columns, Fingerprint, Slab, Table
from steepest.errors import InputError, quoted
from steepest.sources.pipe import Pipe
from steepest.sources.steady import steadily


class Unlined:
    """A table that is no text: it has rows, and no lines to show."""

    rows: int | None = None

    def excerpt(self, name: str) -> tuple[str, ...]:
        return ()

    def witness(self, name: str) -> tuple[str, ...]:
        return ()

    def remedy(self, name: str) -> str:
        return ""

    def fingerprint(self) -> Fingerprint:
        return {}

    def changes(self) -> list[str]:
        return []

    def nulls(self, names: Sequence[str]) -> Cells:
        return Cells.none(names)


def counted(first: int, row: int) -> str:
    """Return how a reader finds a row of a batch whose first has a number."""
    return f"row {first + row}"


def slabs_of(batches: Iterable[Any]) -> Iterator[Slab]:
    """Yield the rows of record batches that come one after the other, a span at most at a time."""
    first = 0
    for batch in batches:
        for start in range(0, batch.num_rows, SPAN):
            yield partial(iter, [(batch.slice(start, SPAN), partial(counted, first + start))])
        first += batch.num_rows


class File(Unlined):
    """What all files have in common; a kind of file adds `kinds` and `slabs`."""

    def __init__(self, path: Path | Pipe) -> None:
        self.path = path
        self.label = path.name.encode("utf-8", "backslashreplace").decode()
        self.repeatable = isinstance(path, Path)
        self._before = self._facts()
        if self._before.get("size") == 0:
            raise InputError(self.label, "the file is empty", "Choose a file with rows", code="empty-file")

    def fingerprint(self) -> Fingerprint:
        return {f"{name} of {self.label}": value for name, value in self._before.items()}

    def changes(self) -> list[str]:
        now = self._facts()
        return [f"{name} of {self.label}" for name, value in self._before.items() if now[name] != value]

    def _facts(self) -> dict[str, int]:
        if isinstance(self.path, Pipe):
            return {}
        status = steadily(self.path, self.path.stat)
        return {
            "size": status.st_size,
            "time": status.st_mtime_ns,
            "inode": status.st_ino,
            "change time": status.st_ctime_ns,
        }


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
    rows : int or None
        Number of rows, where it is known before they are read.
    shuffled : bool
        Whether pieces come in a random order.
    floating : bool
        Whether all numbers are known to be float64, or to lose no digit as such.
    """

    @property
    def names(self) -> tuple[str, ...]: ...

    @property
    def columns(self) -> Columns | None: ...

    @property
    def repeatable(self) -> bool: ...

    @property
    def rows(self) -> int | None: ...

    @property
    def shuffled(self) -> bool: ...

    @property
    def floating(self) -> bool: ...

    def pieces(self) -> Iterable[Piece]:
        """Return all rows in pieces; a sequence, where pieces can be read in any order."""
        ...

    def in_order(self) -> Source:
        """Return the same rows in the order of the source."""
        ...

    def where(self, column: int) -> str:
        """Return what messages call a column of the chunks."""
        ...

    def phrase(self, cells: Cells) -> str:
        """Return how the library whose manners the rows come in says that cells cannot be used."""
        ...

    def fingerprint(self) -> Fingerprint:
        """Return what tells the data from others, by name."""
        ...

    def changes(self) -> list[str]:
        """Return what has changed since the data were opened."""
        ...


@dataclass(frozen=True, slots=True)
class Selection:
    """The rows of a table, seen through the meaning of its columns.

    Attributes
    ----------
    table : Table
    columns : Columns
    order : int or None
        Seed of the random order of the pieces; None for the order of the table.
    """

    table: Table
    columns: Columns
    order: int | None = None

    @property
    def names(self) -> tuple[str, ...]:
        return (*self.columns.terms, self.columns.target)

    @property
    def repeatable(self) -> bool:
        return self.table.repeatable

    @property
    def rows(self) -> int | None:
        return self.table.rows

    @property
    def shuffled(self) -> bool:
        return self.order is not None and isinstance(self.table.slabs(self.columns.needed), Sequence)

    @property
    def floating(self) -> bool:
        return False

    def pieces(self) -> Iterable[Piece]:
        slabs = self.table.slabs(self.columns.needed, self.columns.texts)
        if not isinstance(slabs, Sequence):
            return (partial(self._chunks, slab) for slab in slabs)
        pieces = [partial(self._chunks, slab) for slab in slabs]
        return pieces if self.order is None else shuffled(pieces, np.random.default_rng(self.order))

    def in_order(self) -> Selection:
        return replace(self, order=None)

    def _chunks(self, slab: Slab) -> Iterator[Chunk]:
        for batch, place in slab():
            yield self.columns.rows(batch, place)

    def where(self, column: int) -> str:
        name = quoted(self.names[column])
        return f"the target {name}" if column == len(self.names) - 1 else f"column {name}"

    def phrase(self, cells: Cells) -> str:
        return ""

    def fingerprint(self) -> Fingerprint:
        return self.table.fingerprint()

    def changes(self) -> list[str]:
        return self.table.changes()


def shuffled(pieces: Iterable[Piece], rng: np.random.Generator) -> Iterable[Piece]:
    """Return pieces in a random order, where they can be read in any."""
    return [pieces[at] for at in rng.permutation(len(pieces))] if isinstance(pieces, Sequence) else pieces


def designs(table: Table, columns: Columns) -> Iterator[Chunk]:
    """Yield the features of all rows of a table."""
    for slab in table.slabs(columns.sources, columns.texts):
        for batch, place in slab():
            yield columns.design(batch, place)
