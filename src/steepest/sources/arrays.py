"""NumPy arrays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from steepest.chunk import SPAN, Array, Chunk


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
        starts = range(0, whole.rows, SPAN)
        for start in starts if order is None else [starts[piece] for piece in order]:
            rows = whole.slice(start, min(start + SPAN, whole.rows)) if len(starts) > 1 else whole
            yield rows.without_zero_weights()

    def fingerprint(self) -> object:
        return self.X.shape
