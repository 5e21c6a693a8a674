"""`Sampled`: the least-squares problem together with its rows, for methods that visit them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from steepest.chunk import Chunk
from steepest.exact import rows_as_pairs
from steepest.methods.base import Batch
from steepest.objective import Quadratic

Array = NDArray[np.float64]

Stream = Callable[[np.random.Generator | None], Iterator[Chunk]]
"""Yields all rows once more; given a generator, in pieces of a random order where the source has pieces."""


@dataclass(frozen=True)
class Sampled(Quadratic):
    """A problem whose rows can be visited.

    Attributes
    ----------
    stream : callable
    seed : int
        Of the order of the rows.
    """

    stream: Stream
    seed: int

    @classmethod
    def on(cls, problem: Quadratic, stream: Stream, seed: int | None) -> Self:
        """Return the problem with its rows; without a seed their order is another one every time."""
        drawn = int(np.random.default_rng().integers(2**63)) if seed is None else seed
        return cls(problem.normal, problem.stretch, problem.free, stream, drawn)

    def batches(self, size: int, epoch: int, *, shuffle: bool) -> Iterator[Batch]:
        rng = np.random.default_rng([self.seed, epoch]) if shuffle else None
        m = self.normal.moments
        for chunk in self.stream(rng):
            rows, target = self._coordinates(chunk)
            order = slice(None) if rng is None else rng.permutation(len(rows))
            rows, target, weights = rows[order], target[order], None
            if chunk.weights is not None:
                weights = chunk.weights[order] / (m.weight_unit * (m.weight / m.rows))
            for start in range(0, len(rows), size):
                at = slice(start, start + size)
                yield Batch(rows[at], target[at], None if weights is None else weights[at])

    def _coordinates(self, chunk: Chunk) -> tuple[Array, Array]:
        """Return rows (n, size) and targets (n,) such that residuals are target - rows @ v."""
        n, m = self.normal, self.normal.moments
        at = np.append(n.active, m.p)
        high, low = (half[:, at] / m.unit[at] for half in rows_as_pairs(chunk))
        if n.intercept:
            high, low = high - m.mean[at], low - m.mean_low[at]
        z = high + low
        x, y = z[:, :-1] / n.spread, z[:, -1]
        if not self.free:
            return x * self.stretch, y - x @ n.expansion.point
        x += n.center
        return np.column_stack([np.ones(len(x)), x * self.stretch]), y + n.y_mean - x @ n.expansion.point
