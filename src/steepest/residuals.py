"""One pass over the rows about a point: exact residuals, their exact products with the columns, and moments.

Rows are shifted to an origin and divided by powers of two, which changes no digit as long as what does not
fit in one number is kept in a second. Products are formed in slices: what BLAS adds up is exact.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from steepest.chunk import Chunk
from steepest.exact import TERMS, Pair, add, dot, power_of_two, product, rows_as_pairs, slices, times, two_sum
from steepest.moments import Moments
from steepest.normal import NormalEquations

Array = NDArray[np.float64]

BLOCK = 1 << 16
"""Numbers in a block of rows, which with its slices stays in the cache."""

ROUNDED = 2.0**-52
"""Share of itself by which a minimum or maximum may be off: that of whole numbers beyond 2^53 is rounded."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Exact coordinates q = ((x - origin) / scale, 1) of the active features, all within ±1.

    Attributes
    ----------
    columns : (k+1,) int array
        Positions in the rows of the active features and of the target.
    origin, scale : (k+1,) arrays
        In the units of the moments; the scales are powers of two.
    unit : (k+1,) array, weight_unit : float
        Units of the moments.
    means : (k,) array
        Of q, up to rounding.
    stretch : (k,) array
        Root mean squares of q: unit-diagonal coordinates are u = stretch · slope.
    """

    columns: NDArray[np.intp]
    origin: Array
    scale: Array
    unit: Array
    weight_unit: float
    means: Array
    stretch: Array

    @classmethod
    def of(cls, normal: NormalEquations) -> Grid:
        m = normal.moments
        columns = np.append(normal.active, m.p)
        unit, origin = m.unit[columns], m.mean[columns] * float(normal.intercept)
        ends = np.stack([m.minimum[columns], m.maximum[columns]]) / unit
        reach = (np.abs(ends - origin) + ROUNDED * np.abs(ends)).max(axis=0)
        scale = power_of_two(reach)
        means = m.mean_low[normal.active] / scale[:-1] * float(normal.intercept)
        return cls(columns, origin, scale, unit, m.weight_unit, means, normal.spread / scale[:-1])

    def at_zero(self, T: Array) -> Array:
        """Return the combinations T q (m,) of the row whose features are zero."""
        q = np.append(-self.origin[:-1] / self.scale[:-1], 1.0)
        return dot((T, np.zeros_like(T)), (q, np.zeros_like(q)))

    def blocks(self, chunk: Chunk) -> Iterator[tuple[slice, Pair, Pair]]:
        """Yield some rows at a time: where they are, q (m, k+1), and the target about its origin (m,)."""
        size = max(min(BLOCK // len(self.columns), TERMS), 16)
        for start in range(0, chunk.rows, size):
            at = slice(start, min(start + size, chunk.rows))
            high, low = rows_as_pairs(chunk.slice(at.start, at.stop))
            low = low[:, self.columns] / self.unit
            high, error = two_sum(high[:, self.columns] / self.unit, -self.origin)
            high, low = two_sum(high, low + error)
            y = high[:, -1].copy(), low[:, -1].copy()
            high, low = high / self.scale, low / self.scale
            high[:, -1], low[:, -1] = 1.0, 0.0
            yield at, (high, low), y


@dataclass(frozen=True, slots=True)
class Scores:
    """What a pass over the rows finds.

    Attributes
    ----------
    moments : Moments
        Of the rows T q and, as the target, of the residuals r.
    high, low : (k+1,) arrays
        Σ w r q as an unevaluated sum, in units of the scale and of the weights.
    largest : float
        Σ |w r| at most.
    """

    moments: Moments
    high: Array
    low: Array
    largest: float

    def __add__(self, other: Scores) -> Scores:
        high, low = add((self.high, self.low), (other.high, other.low))
        return Scores(self.moments + other.moments, high, low, self.largest + other.largest)


@dataclass(frozen=True, slots=True)
class Residuals:
    """The residuals r = y - qᵀb of a line b, to be folded over the rows.

    Attributes
    ----------
    grid : Grid
    line : pair of (k+1,) arrays
        b, the intercept last.
    T : (m, k+1) array
        Combinations of the columns whose moments are gathered beside those of the residuals.
    slices : int
        Of 20 bits, in which products are formed.
    exactly : bool
        Whether the combinations are formed so too.
    """

    grid: Grid
    line: Pair
    T: Array
    slices: int
    exactly: bool

    def of(self, chunk: Chunk) -> Scores:
        """Return the scores of the rows of a chunk (features and target)."""
        rows = np.empty((chunk.rows, len(self.T) + 1))
        zero = np.zeros(len(self.grid.columns))
        sums, largest = (zero, zero), 0.0
        for at, q, y in self.grid.blocks(chunk):
            cut = slices(q, self.slices)
            fitted = _scaled_product(cut, (self.line[0][:, None], self.line[1][:, None]))
            r = add(y, (-fitted[0][:, 0], -fitted[1][:, 0]))
            rows[at, :-1], rows[at, -1] = self._combinations(cut, q), r[0]
            wr = r if chunk.weights is None else times(r, chunk.weights[at] / self.grid.weight_unit)
            high, low = _scaled_product(cut.transpose(0, 2, 1), (wr[0][:, None], wr[1][:, None]))
            sums = add(sums, (high[:, 0], low[:, 0]))
            largest += len(y[0]) * float(np.abs(wr[0]).max())
        names = (*(f"e{j}" for j in range(len(self.T))), "r")
        return Scores(Moments.of(Chunk((rows,), names, chunk.weights)), *sums, largest)

    def _combinations(self, cut: Array, q: Pair) -> Array:
        if not (self.exactly and len(self.T)):
            return q[0] @ self.T.T
        return _scaled_product(cut, (self.T.T, np.zeros_like(self.T.T)))[0]


def _scaled_product(cut: Array, b: Pair) -> Pair:
    """Return the product of a sliced matrix and another (k, c), whose columns are brought to one first."""
    unit = power_of_two(np.abs(b[0]).max(axis=0, initial=0.0))
    high, low = product(cut, slices((b[0] / unit, b[1] / unit), len(cut)))
    return high * unit, low * unit
