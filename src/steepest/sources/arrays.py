"""NumPy arrays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from steepest.chunk import Array, Chunk

PIECE = 65_536
"""Rows in a piece: fixed, so that the order of merging does not depend on the number of threads."""


@dataclass(frozen=True, slots=True)
class Arrays:
    """Rows of features X (n, p), a target y (n,) and weights (n,) or None, in pieces that are views."""

    X: Array
    y: Array
    names: tuple[str, ...]
    weights: Array | None = None
    columns: None = None
    repeatable: bool = True

    def chunks(self, order: Sequence[int] | None = None) -> Iterator[Chunk]:
        whole = Chunk((self.X, self.y), self.names, self.weights)
        starts = range(0, whole.rows, PIECE)
        for piece in range(len(starts)) if order is None else order:
            start = starts[piece]
            yield whole.slice(start, min(start + PIECE, whole.rows)) if len(starts) > 1 else whole

    def fingerprint(self) -> object:
        return self.X.shape
