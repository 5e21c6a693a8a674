"""Cells that are no finite numbers: counted by column, and refused in one message that names them all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from steepest.chunk import Chunk
from steepest.errors import InputError, quoted

CODE = "not-finite"
MOST = 10

Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Cells:
    """Counts (k,) of the cells of every column that are missing or infinite. They add.

    Attributes
    ----------
    names : tuple of str
    rows : int
    missing, infinite : (k,) int arrays
    first : (k,) tuple of str
        How a reader finds the row of the first such cell; empty where there is none.
    """

    names: tuple[str, ...]
    rows: int
    missing: Counts
    infinite: Counts
    first: tuple[str, ...]

    @classmethod
    def none(cls, names: Sequence[str]) -> Cells:
        """Return the counts of no rows."""
        zeros = np.zeros(len(names), np.int64)
        return cls(tuple(names), 0, zeros, zeros, ("",) * len(names))

    @classmethod
    def of(cls, chunk: Chunk) -> Cells:
        """Count the cells of a chunk."""
        k = len(chunk.names)
        missing, infinite, first = np.zeros(k, np.int64), np.zeros(k, np.int64), [""] * k
        for columns, block in chunk.blocks():
            if block.dtype.kind != "f":
                continue
            nan, inf = np.isnan(block), np.isinf(block)
            missing[columns], infinite[columns] = nan.sum(axis=0), inf.sum(axis=0)
            bad = nan | inf
            for j in np.flatnonzero(bad.any(axis=0)):
                first[columns.start + j] = chunk.place(chunk.row(int(bad[:, j].argmax())))
        return cls(chunk.names, chunk.rows, missing, infinite, tuple(first))

    def __add__(self, other: Cells) -> Cells:
        if not other.rows or not self.rows:
            return self if self.rows else other
        first = tuple(a or b for a, b in zip(self.first, other.first, strict=True))
        missing, infinite = self.missing + other.missing, self.infinite + other.infinite
        return Cells(self.names, self.rows + other.rows, missing, infinite, first)

    def error(
        self,
        where: Callable[[int], str] | None = None,
        phrase: str = "",
        remedy: str = "",
        *,
        complete: bool = True,
    ) -> InputError:
        """Return the error that names all columns, with counts and first places.

        Parameters
        ----------
        where : callable, optional
            What a column is called, for its position.
        phrase : str, optional
            How another library says it.
        remedy : str, optional
            What else can be done about missing cells.
        complete : bool
            Whether all rows were looked at.
        """
        label = where or self._where
        bad = np.flatnonzero(self.missing + self.infinite)
        told = [(label(j), self._told(j, complete)) for j in bad[:MOST].tolist()]
        rest = "".join(f"; {name}: {what}" for name, what in told[1:])
        more = f"; and {len(bad) - MOST} more columns" if len(bad) > MOST else ""
        return InputError(told[0][0], told[0][1] + rest + more + phrase, self._fix(bad, remedy), code=CODE)

    def _where(self, j: int) -> str:
        return f"column {quoted(self.names[j])}"

    def _told(self, j: int, complete: bool) -> str:
        kinds = {"missing (NaN)": int(self.missing[j]), "infinite": int(self.infinite[j])}
        of = f"{self.rows} values" if complete else f"the first {self.rows} values"
        if kinds["missing (NaN)"] == self.rows:
            return f"all {of} are missing (NaN)"
        counts = [f"{number} of {of} are {kind}" for kind, number in kinds.items() if number]
        return f"{' and '.join(counts)}, first at {self.first[j]}"

    def _fix(self, bad: NDArray[np.intp], remedy: str) -> str:
        if (self.missing[bad] == self.rows).all():
            return "Leave the column out" if len(bad) == 1 else "Leave these columns out"
        return "Correct them" if not self.missing.any() else f"Drop or fill these rows first{remedy}"


def refuse(chunk: Chunk) -> None:
    """Raise `InputError` if a cell of a chunk is missing or infinite."""
    cells = Cells.of(chunk)
    if (cells.missing + cells.infinite).any():
        raise cells.error()
