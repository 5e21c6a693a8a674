"""NumPy arrays, and sparse matrices a few rows at a time."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from steepest.cells import Cells, refuse
from steepest.chunk import SPAN, Array, Chunk, Labels, Piece, most_rows
from steepest.columns import Fingerprint
from steepest.errors import quoted

DENSE = 1 << 22
"""Numbers in a piece of a sparse matrix, which is made dense."""

SHARES = 8
"""Arrays are cut into a multiple of so many equal pieces, for threads to share,"""

LEAST_ROWS, LEAST_CELLS = 1 << 13, 1 << 19
"""unless these would be smaller than that."""


@dataclass(frozen=True, slots=True)
class Arrays:
    """Rows of features in parts, a target y (n,), weights and labels (n,) or None, in pieces that are views.

    A part is an array (n,) or (n, k), or a sparse matrix by rows; there is no target to predict from.
    """

    parts: tuple[Any, ...]
    y: Array | None
    names: tuple[str, ...]
    weights: Array | None = None
    labels: Labels | None = None
    columns: None = None
    repeatable: bool = True
    shuffled: bool = False

    @property
    def floating(self) -> bool:
        parts = self.parts if self.y is None else (*self.parts, self.y)
        return all(part.dtype.kind in "fb" or part.dtype.itemsize < 8 for part in parts)

    @property
    def rows(self) -> int:
        return self.parts[0].shape[0]

    def pieces(self) -> Sequence[Piece]:
        span = self._span
        starts = range(0, self.rows, span)
        if len(starts) < 2:
            return [partial(self._read, slice(None), 0)]
        return [partial(self._read, slice(start, start + span), start) for start in starts]

    @property
    def _span(self) -> int:
        columns = len(self.names)
        if self._sparse:
            return max(min(DENSE // columns, SPAN), 1)
        pieces = SHARES * math.ceil(self.rows / SHARES / most_rows(columns))
        return max(math.ceil(self.rows / max(pieces, 1)), LEAST_ROWS, LEAST_CELLS // columns)

    @property
    def _sparse(self) -> bool:
        return any(hasattr(part, "toarray") for part in self.parts)

    def _read(self, at: slice, first_row: int) -> Iterator[Chunk]:
        parts: list[Any] = [part[at] for part in self.parts]
        if self._sparse:
            parts = [part.toarray() if hasattr(part, "toarray") else part for part in parts]
        if self.y is not None:
            parts.append(self.y[at])
        weights = None if self.weights is None else self.weights[at]
        labels = None if self.labels is None else Labels(self.labels.codes[at], self.labels.names)
        chunk = Chunk(tuple(parts), self.names, weights, first_row, labels=labels)
        if weights is not None and not weights.all():
            refuse(chunk)
        yield chunk.without_zero_weights()

    def in_order(self) -> Arrays:
        return self

    def where(self, column: int) -> str:
        if column == len(self.names) - 1:
            return "y"
        return f"column {quoted(self.names[column])} (X[:, {column}])"

    def phrase(self, cells: Cells) -> str:
        name = "X" if (cells.missing + cells.infinite)[:-1].any() else "y"
        found = cells.missing[:-1] if name == "X" else cells.missing[-1:]
        kind = "NaN" if found.any() else "infinity or a value too large for dtype('float64')"
        return f". Input {name} contains {kind}"

    def fingerprint(self) -> Fingerprint:
        return {}

    def changes(self) -> list[str]:
        return []
