"""The pass over the rows of a chunk: weighted means and centred products.

Rows are summed about a provisional origin, the mean of some rows spread over the chunk, so that subtraction
is exact where it matters. Should it turn out to lie far from the mean of all rows (measured in their spread),
the chunk is summed again about that mean. No digit is then lost to cancellation, whatever the order of the
rows, their offset or their weights.

Two ways lead to the same sums: `steepest.kernel`, compiled, and `steepest.shifted`, through BLAS, which takes
what the other cannot.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from steepest import kernel, shifted
from steepest.cells import refuse
from steepest.chunk import Chunk
from steepest.exact import two_sum
from steepest.shifted import SAMPLED, Rows, Sums

Array = NDArray[np.float64]

COMFORTABLE = 2.0**100
EXACT = 2.0**53
FORMED, WEIGHTED = 8, 12
"""Roundings on the way from two cells to their centred product, and to their weighted one."""

NEAR = 0.5
"""Share of the products about the origin that must be left about the mean."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """What a pass gathers of k columns; the fields are those of `steepest.Moments`."""

    weight: float
    weight_unit: float
    sum_log_weight: float
    mean: Array
    mean_low: Array
    scatter: Array
    minimum: Array
    maximum: Array
    unit: Array
    roundings: int


def gather(chunk: Chunk) -> Gathered:
    """Gather the rows of a chunk, one or more of positive weight.

    Raises
    ------
    InputError
        If a cell is not finite, naming its column and row.
    """
    w, weight_unit, sum_log_weight = _weights(chunk)
    base = _Base.of(chunk)
    rows = base.rows(chunk, w)
    weight = float(rows.n if w is None else w.sum())
    with np.errstate(all="ignore"):
        sums = _sums(rows)
        ends = base.ends(sums)
        largest = np.maximum(np.abs(ends[0]), np.abs(ends[1]))
        unit = units(largest)
        scale = unit if (unit != 1).any() else None
        if scale is not None:
            sums = _sums(rows, sums.origin, scale)
        if not np.isfinite(sums.second.diagonal() + largest).all():
            refuse(chunk)
        sampled_all = w is None and rows.n <= SAMPLED
        if (scale is not None or not sampled_all) and _is_far(sums, weight):
            shift = sums.first / weight * unit
            sums = _sums(rows, sums.origin + np.where(np.isfinite(shift), shift, 0.0), scale)
        mean, mean_low, scatter = base.centred(sums, unit, weight)
    return Gathered(
        weight=weight,
        weight_unit=weight_unit,
        sum_log_weight=sum_log_weight,
        mean=mean,
        mean_low=mean_low,
        scatter=scatter,
        minimum=ends[0],
        maximum=ends[1],
        unit=unit,
        roundings=(FORMED if w is None else WEIGHTED) + sums.in_sequence,
    )


def _sums(rows: Rows, origin: Array | None = None, unit: Array | None = None) -> Sums:
    """Return the sums about an origin, by the kernel if it can."""
    way = kernel if kernel.reads(rows) else shifted
    return way.sums(rows, origin, unit)


def _is_far(sums: Sums, weight: float) -> bool:
    """Return whether the origin is so far from the mean that cancellation would cost digits."""
    about_origin = sums.second.diagonal()
    about_mean = about_origin - sums.first**2 / weight
    return bool(((about_mean < NEAR * about_origin) & (sums.least < sums.most)).any())


@dataclass(frozen=True, slots=True)
class _Base:
    """Whole numbers that are taken off columns of integers beyond 2^53, as pairs (k,): zeros elsewhere."""

    high: Array
    low: Array
    parts: shifted.Parts

    @classmethod
    def of(cls, chunk: Chunk) -> _Base:
        high, low = np.zeros((2, len(chunk.names)))
        parts = tuple((columns, _rebased(columns, block, high, low)) for columns, block in chunk.blocks())
        return cls(high, low, parts)

    def rows(self, chunk: Chunk, w: Array | None) -> Rows:
        """Return the rows about the base."""
        low = zip(self.parts, chunk.low, strict=False)
        rests = tuple(
            (columns, rest.reshape(chunk.rows, -1)) for (columns, _), rest in low if rest is not None
        )
        return Rows(chunk.rows, len(chunk.names), self.parts, rests, w)

    def ends(self, sums: Sums) -> tuple[Array, Array]:
        """Return minimum and maximum of the columns."""
        return self.high + (self.low + sums.least), self.high + (self.low + sums.most)

    def centred(self, sums: Sums, unit: Array, weight: float) -> tuple[Array, Array, Array]:
        """Return the mean as an unevaluated sum, and the scatter about it, in units."""
        shift = sums.first / weight
        scatter = sums.second - weight * (shift[:, None] * shift)
        high, low = two_sum(self.high, sums.origin)
        mean, mean_low = two_sum(high / unit, (low + self.low) / unit + shift)
        constant = sums.least == sums.most
        if constant.any():
            scatter[constant], scatter[:, constant] = 0, 0
            value = two_sum(self.high / unit, (self.low + sums.least) / unit)
            mean[constant], mean_low[constant] = value[0][constant], value[1][constant]
        return mean, mean_low, scatter


def _rebased(columns: slice, block: NDArray[Any], high: Array, low: Array) -> NDArray[Any]:
    """Return a block as NumPy can subtract it: huge integers relative to their first row, which is noted."""
    if block.dtype.kind not in "iu" or block.dtype.itemsize < 8:
        return block
    least, most = block.min(axis=0).astype(np.float64), block.max(axis=0).astype(np.float64)
    if max(-least.min(), most.max()) < EXACT:
        return block
    converted = block.astype(np.float64)
    for j in np.flatnonzero(most - least < EXACT):
        base = block[0, j]
        converted[:, j] = (block[:, j] - base).view(np.int64)
        at = columns.start + j
        high[at] = base
        low[at] = int(base) - int(high[at])
    return converted


def units(largest: Array) -> Array:
    """Return the powers of two in whose units numbers are held: ones, unless they lie beyond 2^±100."""
    if largest.max() <= COMFORTABLE and largest.min() >= 1 / COMFORTABLE:
        return np.ones_like(largest)
    easy = ((largest <= COMFORTABLE) & (largest >= 1 / COMFORTABLE)) | (largest == 0)
    return np.where(easy, 1.0, np.exp2(np.frexp(largest)[1] - 1.0))


def _weights(chunk: Chunk) -> tuple[Array | None, float, float]:
    """Return the weights in their unit, the unit, and the sum of their logarithms."""
    w = chunk.weights
    if w is None:
        return None, 1.0, 0.0
    unit = float(units(w.max(keepdims=True))[0])
    return w / unit, unit, float(np.log(w).sum())
