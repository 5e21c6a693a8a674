"""`Chunk`, the only shape in which data enter the house, and `Counts`, what became of the rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from steepest.errors import InputError, InputTypeError

Array = NDArray[Any]

FURTHEST = 1e200
"""Largest ratio of two weights."""

SPAN = 65_536
"""Rows in a chunk of a file: gathered about one origin; fixed, so that threads change no order of merging."""

CELLS = 1 << 21
"""Numbers in a chunk of an array, if there are more than `SPAN` rows."""


@dataclass(frozen=True, slots=True)
class Labels:
    """Which set of rows each row belongs to.

    Attributes
    ----------
    codes : (n,) int array
        Positions in `names`.
    names : sequence of str or int
    """

    codes: NDArray[np.intp]
    names: Sequence[str | int]


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some rows of the data: columns side by side, in their own numeric types, never copied together.

    Attributes
    ----------
    parts : tuple of arrays, each (n,) or (n, k)
        The columns from left to right: p features and then, where there is one, the target.
    names : tuple of str, one for every column
    weights : (n,) float64 array of positive finite weights, or None for ones
        Whoever makes a chunk of other weights passes it on `without_zero_weights`.
    first_row : int
        Position of the first row, as `place` counts, for messages.
    dropped : mapping of str to int
        Rows that were left out on the way here, by cause.
    kept : (n,) int array or None
        Positions of the rows among those that there were before some were left out.
    low : tuple of arrays or None
        What float64 leaves of the parts that were computed; empty if none was.
    place : callable
        Says how a reader finds a row, given its position.
    labels : Labels or None
        Of the set of rows that each belongs to, where sets are told apart.
    """

    parts: tuple[Array, ...]
    names: tuple[str, ...]
    weights: Array | None = None
    first_row: int = 0
    dropped: Mapping[str, int] = field(default_factory=dict[str, int])
    kept: NDArray[np.intp] | None = None
    place: Callable[[int], str] = "row {}".format
    low: tuple[Array | None, ...] = ()
    labels: Labels | None = None

    @property
    def rows(self) -> int:
        return len(self.parts[0]) if self.parts else 0

    @property
    def read(self) -> int:
        """Rows that were read, whatever became of them."""
        return self.rows + sum(self.dropped.values())

    def row(self, at: int) -> int:
        """Return the position of a row of the chunk, as `place` counts."""
        return self.first_row + (at if self.kept is None else int(self.kept[at]))

    def blocks(self) -> Iterator[tuple[slice, Array]]:
        """Yield every part as an (n, k) view, with the columns that it fills."""
        left = 0
        for part in self.parts:
            block = part if part.ndim == 2 else part[:, None]
            yield slice(left, left + block.shape[1]), block
            left += block.shape[1]

    def slice(self, start: int, stop: int) -> Chunk:
        """Return the rows from `start` to `stop` as views; the dropped rows stay behind."""
        rows = self._at(slice(start, stop))
        return replace(rows, first_row=self.first_row + start * (self.kept is None), dropped={})

    def take(self, rows: NDArray[np.intp]) -> Chunk:
        """Return some rows as copies; the dropped rows stay behind."""
        kept = rows if self.kept is None else self.kept[rows]
        return replace(self._at(rows), kept=kept, dropped={})

    def without_zero_weights(self) -> Chunk:
        """Return the rows of positive weight; the others are counted as dropped."""
        if self.weights is None or self.weights.all():
            return self
        keep = np.flatnonzero(self.weights)
        dropped = {**self.dropped, "zero weight": self.rows - len(keep)}
        return replace(self.take(keep), dropped=dropped)

    def _at(self, rows: Any) -> Chunk:
        return replace(
            self,
            parts=tuple(part[rows] for part in self.parts),
            weights=None if self.weights is None else self.weights[rows],
            kept=None if self.kept is None else self.kept[rows],
            low=tuple(None if each is None else each[rows] for each in self.low),
            labels=None if self.labels is None else Labels(self.labels.codes[rows], self.labels.names),
        )

    def matrix(self) -> Array:
        """Return the columns as one (n, k) float64 matrix, without a copy where there is one already."""
        if len(self.parts) == 1 and self.parts[0].ndim == 2:
            return np.asarray(self.parts[0], dtype=np.float64)
        return np.column_stack([np.asarray(part, dtype=np.float64) for part in self.parts])


def most_rows(columns: int) -> int:
    """Return how many rows of so many columns are gathered about one origin."""
    return max(SPAN, CELLS // columns)


Piece = Callable[[], Iterator[Chunk]]
"""Some of the data: yields its chunks when it is called, in any thread."""


def checked_weights(
    weights: ArrayLike, rows: int, name: str = "weights", place: Callable[[int], str] = "row {}".format
) -> NDArray[np.float64]:
    """Return weights as an (n,) float64 array; raise `InputError` naming the first that cannot be one."""
    given = np.asarray(weights)
    if given.dtype.kind not in "fiubO":
        raise InputTypeError(name, f"holds {given.dtype}, not numbers", "Pass one number for every row")
    try:
        w = given.astype(np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise InputTypeError(name, f"holds no numbers ({error})", "Pass one number for every row") from error
    if w.shape != (rows,):
        raise InputError(name, f"shape is {w.shape} for {rows} rows", "Pass one weight for every row")
    bad = np.flatnonzero(~(np.isfinite(w) & (w >= 0)))
    if len(bad):
        raise InputError(
            name,
            f"{len(bad)} of {rows} weights are negative or not finite,"
            f" first {w[bad[0]]:g} at {place(int(bad[0]))}",
            "Weights must be finite and not negative",
            code="weights",
        )
    least, largest = w.min(initial=np.inf, where=w > 0), w.max(initial=0.0)
    if largest / FURTHEST > least:
        what = f"weights from {least:g} to {largest:g} are too far apart for float64"
        raise InputError(name, what, "Leave out rows that weigh nothing beside others", code="weights")
    return w


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of the rows: read = used + dropped, with the causes."""

    read: int = 0
    used: int = 0
    dropped: Mapping[str, int] = field(default_factory=dict[str, int])

    @classmethod
    def of(cls, chunk: Chunk) -> Counts:
        dropped = {cause: rows for cause, rows in chunk.dropped.items() if rows}
        return cls(chunk.read, chunk.rows, dropped)

    def __add__(self, other: Counts) -> Counts:
        causes = sorted({*self.dropped, *other.dropped})
        dropped = {cause: self.dropped.get(cause, 0) + other.dropped.get(cause, 0) for cause in causes}
        return Counts(self.read + other.read, self.used + other.used, dropped)


def no_rows(dropped: int) -> InputError:
    """Return the error for data of which no row has a weight."""
    why = f"all {dropped} rows have weight zero" if dropped else "0 sample(s)"
    return InputError("data", f"no rows to fit: {why}", "Pass at least one row", code="no-rows")
