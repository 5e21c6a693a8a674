"""The pass over the rows of a chunk, through BLAS: weighted means and centred products.

Rows are converted to float64 and shifted to a provisional origin in one step, block by block, into a
small buffer whose products accumulate. The origin is the mean of some rows spread over the chunk, so that
subtraction is exact where it matters; should it turn out to lie far from the mean of all rows (measured
in their spread), the chunk is gathered again about that mean. No digit is then lost to cancellation, whatever
the order of the rows, their offset or their weights.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from steepest.cells import refuse
from steepest.chunk import Chunk
from steepest.exact import two_sum

Array = NDArray[np.float64]

BLOCK = 2048
COMFORTABLE = 2.0**100
EXACT = 2.0**53
PANEL, NARROW = 16, 32
"""Rows summed in sequence where there are few of them, and columns up to which this costs little."""

IN_SEQUENCE = 400
"""Rows that BLAS sums in sequence; equal addends are rounded in the same way, all of them."""

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
    with np.errstate(all="ignore"):
        rows = _Rows(chunk, w)
        products = rows.products(None)
        largest = np.maximum(np.abs(rows.minimum), np.abs(rows.maximum))
        if not np.isfinite(largest).all():
            refuse(chunk)
        unit = units(largest)
        scaled = bool((unit != 1).any())
        one_block = w is None and chunk.rows <= BLOCK
        if scaled:
            products = rows.products(unit)
        if (scaled or not one_block) and rows.is_far(products):
            rows.move(products, unit)
            products = rows.products(unit if scaled else None)
        mean, mean_low, scatter = rows.centred(products, unit)
    return Gathered(
        weight=rows.weight,
        weight_unit=weight_unit,
        sum_log_weight=sum_log_weight,
        mean=mean,
        mean_low=mean_low,
        scatter=scatter,
        minimum=rows.minimum,
        maximum=rows.maximum,
        unit=unit,
        roundings=rows.roundings,
    )


class _Rows:
    """The rows of a chunk about provisional origins, one for every part.

    Integers beyond 2^53 are first rebased exactly, to a row of their own.
    """

    def __init__(self, chunk: Chunk, w: Array | None) -> None:
        self._n, self._k, self._w = chunk.rows, len(chunk.names), w
        self._narrow = self._n <= BLOCK and self._k <= NARROW
        self._base, self._base_low = np.zeros(self._k), np.zeros(self._k)
        self._parts = [(columns, self._rebased(columns, block)) for columns, block in chunk.blocks()]
        if self._n <= BLOCK:
            side_by_side = np.concatenate([block for _, block in self._parts], axis=1, dtype=np.float64)
            self._parts = [(slice(0, self._k), side_by_side)]
        every = -(-self._n // BLOCK)
        self._origins = [
            _origin(block[::every], None if w is None else w[::every]) for _, block in self._parts
        ]
        self.weight = float(self._n if w is None else w.sum())
        self._least, self._most = np.full(self._k, np.inf), np.full(self._k, -np.inf)

    @property
    def minimum(self) -> Array:
        return self._base + (self._base_low + self._least)

    @property
    def maximum(self) -> Array:
        return self._base + (self._base_low + self._most)

    def products(self, unit: Array | None) -> Array:
        """Return Z'Z (k+1, k+1) of the rows Z = [z - origin, 1], weighted, and note their range."""
        n, k = self._n, self._k
        buffer = np.empty((min(n, BLOCK), k + 1))
        total = np.zeros((k + 1, k + 1))
        for start in range(0, n, BLOCK):
            stop = min(start + BLOCK, n)
            Z = buffer[: stop - start]
            for (columns, block), origin in zip(self._parts, self._origins, strict=True):
                rows = block[start:stop]
                np.subtract(rows, origin, out=Z[:, columns])
                self._least[columns] = np.minimum(self._least[columns], rows.min(axis=0))
                self._most[columns] = np.maximum(self._most[columns], rows.max(axis=0))
            Z[:, k] = 1
            if unit is not None:
                np.divide(Z[:, :k], unit, out=Z[:, :k])
            if self._w is not None:
                np.multiply(Z, np.sqrt(self._w[start:stop, None]), out=Z)
            np.add(total, _in_panels(Z) if self._narrow else Z.T @ Z, out=total)
        return total

    @property
    def roundings(self) -> int:
        """Roundings, one after the other, that an entry of the scatter has been through at most."""
        formed = FORMED if self._w is None else WEIGHTED
        if self._narrow:
            return formed + PANEL + -(-self._n // PANEL)
        return formed + min(self._n, IN_SEQUENCE) + -(-self._n // BLOCK)

    def is_far(self, products: Array) -> bool:
        """Return whether an origin is so far from its mean that cancellation would cost digits."""
        about_origin = np.diag(products)[:-1]
        about_mean = about_origin - products[-1, :-1] ** 2 / self.weight
        return bool(((about_mean < NEAR * about_origin) & (self._least < self._most)).any())

    def move(self, products: Array, unit: Array) -> None:
        """Move the origins to the means."""
        shift = products[-1, :-1] / self.weight * unit
        shift[~np.isfinite(shift)] = 0.0
        self._origins = [
            origin + shift[columns] for (columns, _), origin in zip(self._parts, self._origins, strict=True)
        ]

    def centred(self, products: Array, unit: Array) -> tuple[Array, Array, Array]:
        """Return the mean as an unevaluated sum, and the scatter about it, in units."""
        k = self._k
        shift = products[:k, k] / self.weight
        scatter = products[:k, :k] - self.weight * (shift[:, None] * shift)
        origin, low = two_sum(self._base, np.concatenate(self._origins))
        mean, mean_low = two_sum(origin / unit, (low + self._base_low) / unit + shift)
        constant = self._least == self._most
        if constant.any():
            scatter[constant], scatter[:, constant] = 0, 0
            mean[constant], mean_low[constant] = (self.minimum / unit)[constant], 0
        return mean, mean_low, scatter

    def _rebased(self, columns: slice, block: NDArray[Any]) -> NDArray[Any]:
        """Return rows as NumPy can subtract them: huge integers relative to their first row."""
        if block.dtype.kind not in "iu" or block.dtype.itemsize < 8:
            return block
        low, high = block.min(axis=0).astype(np.float64), block.max(axis=0).astype(np.float64)
        if max(-low.min(), high.max()) < EXACT:
            return block
        converted = block.astype(np.float64)
        for j in np.flatnonzero(high - low < EXACT):
            base = block[0, j]
            converted[:, j] = (block[:, j] - base).view(np.int64)
            at = columns.start + j
            self._base[at] = base
            self._base_low[at] = int(base) - int(self._base[at])
        return converted


def _in_panels(Z: Array) -> Array:
    """Return Z'Z, summed over a few rows at a time: fewer roundings one after the other."""
    n, k = Z.shape
    count = -(-n // PANEL)
    rows = np.zeros((count * PANEL, k))
    rows[:n] = Z
    panels = rows.reshape(count, PANEL, k)
    return np.add.reduce(np.matmul(panels.transpose(0, 2, 1), panels), axis=0)


def units(largest: Array) -> Array:
    """Return the powers of two in whose units numbers are held: ones, unless they lie beyond 2^±100."""
    easy = ((largest <= COMFORTABLE) & (largest >= 1 / COMFORTABLE)) | (largest == 0)
    return np.ones_like(largest) if easy.all() else np.where(easy, 1.0, np.exp2(np.frexp(largest)[1] - 1.0))


def _weights(chunk: Chunk) -> tuple[Array | None, float, float]:
    """Return the weights in their unit, the unit, and the sum of their logarithms."""
    w = chunk.weights
    if w is None:
        return None, 1.0, 0.0
    unit = float(units(w.max(keepdims=True))[0])
    return w / unit, unit, float(np.log(w).sum())


def _origin(block: NDArray[Any], w: Array | None) -> Array:
    """Return a provisional origin (k,): the mean of the rows."""
    if w is None:
        mean = np.add.reduce(block, axis=0, dtype=np.float64) / len(block)
    else:
        mean = w @ block.astype(np.float64) / w.sum()
    if not np.isfinite(mean).all():
        mean = np.add.reduce(block / float(len(block)), axis=0, dtype=np.float64)
    return mean if np.isfinite(mean).all() else np.nan_to_num(mean, nan=0.0, posinf=0.0, neginf=0.0)
