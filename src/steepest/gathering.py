"""The pass over the rows of a chunk, through BLAS: weighted means and centred products.

Rows are converted to float64, a segment at a time, into a small buffer whose products accumulate, shifted to
a provisional origin. The origin is the mean of some rows spread over the chunk, so that subtraction is exact
where it matters; should it turn out to lie far from the mean of all rows (measured in their spread), the
chunk is gathered again about that mean. No digit is then lost to cancellation, whatever the order of the
rows, their offset or their weights.

The buffer holds every column side by side in stretches of `STRETCH` rows: whether rows come as columns or as
a matrix, conversion, range and products then run along the cache.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from steepest.cells import refuse
from steepest.chunk import Chunk
from steepest.exact import two_sum

Array = NDArray[np.float64]

STRETCH = 1024
"""Rows whose products BLAS adds up at once."""

BUFFER = 1 << 20
"""Numbers in the buffer, which is written over and over."""

COMFORTABLE = 2.0**100
EXACT = 2.0**53
FEW, PANEL, NARROW = 2048, 16, 32
"""Few rows of at most so many columns are added up in panels, which costs little there."""

WIDE = 48
"""Columns from which BLAS is faster at the product of a matrix with itself than at any other."""

SAMPLED, RUNS = 2048, 32
"""Rows, in so many runs spread over a chunk, whose mean is the provisional origin."""

ABREAST = 512
"""Numbers that are compared side by side."""

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
        sums, products = rows.products(None)
        largest = np.maximum(np.abs(rows.minimum), np.abs(rows.maximum))
        if not np.isfinite(largest).all():
            refuse(chunk)
        unit = units(largest)
        scaled = bool((unit != 1).any())
        sampled_all = w is None and chunk.rows <= SAMPLED
        if scaled:
            sums, products = rows.products(unit)
        if (scaled or not sampled_all) and rows.is_far(sums, products):
            rows.move(sums, unit)
            sums, products = rows.products(unit if scaled else None)
        mean, mean_low, scatter = rows.centred(sums, products, unit)
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
    """The rows of a chunk about a provisional origin.

    Integers beyond 2^53 are first rebased exactly, to a row of their own.
    """

    def __init__(self, chunk: Chunk, w: Array | None) -> None:
        self._n, self._k, self._w = n, k, _ = chunk.rows, len(chunk.names), w
        self._stretch = PANEL if n <= FEW and k <= NARROW else min(STRETCH, n)
        self._base, self._base_low = np.zeros(k), np.zeros(k)
        self._parts = [(columns, self._rebased(columns, block)) for columns, block in chunk.blocks()]
        low = zip(self._parts, chunk.low, strict=False)
        self._low = [(columns, rest) for (columns, _), rest in low if rest is not None]
        if n <= FEW:
            side_by_side = np.concatenate([block for _, block in self._parts], axis=1, dtype=np.float64)
            self._parts = [(slice(0, k), side_by_side)]
        self._origin = self._provisional_origin()
        self.weight = float(n if w is None else w.sum())
        self._least, self._most = np.full(k, np.inf), np.full(k, -np.inf)

    def _provisional_origin(self) -> Array:
        """Return the mean (k,) of some rows, as well as float64 can hold it."""
        runs = RUNS if self._n > SAMPLED else 1
        length, taken = self._n // runs, min(self._n, SAMPLED) // runs
        some = np.empty((self._k, runs, taken))
        for columns, block in self._parts:
            some[columns] = block[: runs * length].reshape(runs, length, -1)[:, :taken].transpose(2, 0, 1)
        w = None if self._w is None else self._w[: runs * length].reshape(runs, length)[:, :taken].ravel()
        share = np.full(runs * taken, 1 / (runs * taken)) if w is None else w / w.sum()
        mean = some.reshape(self._k, -1) @ share
        return mean if np.isfinite(mean).all() else np.nan_to_num(mean, nan=0.0, posinf=0.0, neginf=0.0)

    @property
    def minimum(self) -> Array:
        return self._base + (self._base_low + self._least)

    @property
    def maximum(self) -> Array:
        return self._base + (self._base_low + self._most)

    def products(self, unit: Array | None) -> tuple[Array, Array]:
        """Return Σ wz (k,) and Σ wzzᵀ (k, k) of the rows z about the origin, and note their range."""
        n, k, stretch = self._n, self._k, self._stretch
        stretches = min(-(-n // stretch), max(BUFFER // (stretch * (k + 1)), 1))
        buffer = _buffer(stretches * (k + 1) * stretch).reshape(stretches, k + 1, stretch)
        total = np.zeros((k + 1, k))
        for start in range(0, n, stretches * stretch):
            rows = self._filled(buffer, start, unit)
            others = rows if k >= WIDE else rows[:, 1:]
            total += np.add.reduce(rows @ others.transpose(0, 2, 1), axis=0)[:, -k:]
        return total[0], (total[1:] + total[1:].T) / 2

    def _filled(self, buffer: Array, start: int, unit: Array | None) -> Array:
        """Return stretches (s, k+1, stretch) of ones and rows about the origin, weighted, ending in zeros."""
        stop = min(start + len(buffer) * self._stretch, self._n)
        filled = buffer[: -(-(stop - start) // self._stretch)]
        shape = (len(filled), self._stretch)
        left = shape[0] * shape[1] - (stop - start)
        z, ends = filled[:, 1:], list[tuple[Array, Array]]()
        for columns, block in self._parts:
            rows = block[start:stop]
            if left:
                rows = np.concatenate((rows, rows[-1:].repeat(left, axis=0)))
            stretches = rows.reshape(*shape, -1).transpose(0, 2, 1)
            np.subtract(stretches, self._origin[columns, None], out=z[:, columns])
            rows = _abreast(rows)
            ends.append((np.minimum.reduce(rows, axis=1), np.maximum.reduce(rows, axis=1)))
        for columns, rest in self._low:
            low = np.concatenate(
                (rest[start:stop].reshape(stop - start, -1), np.zeros((left, columns.stop - columns.start)))
            )
            z[:, columns] += low.reshape(*shape, -1).transpose(0, 2, 1)
        least, most = (np.concatenate(end) for end in zip(*ends, strict=True))
        self._least, self._most = np.minimum(self._least, least), np.maximum(self._most, most)
        if unit is not None:
            z /= unit[:, None]
        filled[:, 0] = 1
        if self._w is not None:
            roots = np.sqrt(self._w[start:stop])
            filled *= np.concatenate((roots, np.zeros(left))).reshape(shape[0], 1, shape[1])
        if left:
            filled[-1, :, shape[1] - left :] = 0
        return filled

    @property
    def roundings(self) -> int:
        """Roundings, one after the other, that an entry of the scatter has been through at most."""
        formed = FORMED if self._w is None else WEIGHTED
        return formed + min(self._stretch, IN_SEQUENCE) + -(-self._n // self._stretch)

    def is_far(self, sums: Array, products: Array) -> bool:
        """Return whether the origin is so far from the mean that cancellation would cost digits."""
        about_origin = np.diag(products)
        about_mean = about_origin - sums**2 / self.weight
        return bool(((about_mean < NEAR * about_origin) & (self._least < self._most)).any())

    def move(self, sums: Array, unit: Array) -> None:
        """Move the origin to the mean."""
        shift = sums / self.weight * unit
        shift[~np.isfinite(shift)] = 0.0
        self._origin = self._origin + shift

    def centred(self, sums: Array, products: Array, unit: Array) -> tuple[Array, Array, Array]:
        """Return the mean as an unevaluated sum, and the scatter about it, in units."""
        shift = sums / self.weight
        scatter = products - self.weight * (shift[:, None] * shift)
        origin, low = two_sum(self._base, self._origin)
        mean, mean_low = two_sum(origin / unit, (low + self._base_low) / unit + shift)
        constant = self._least == self._most
        if constant.any():
            scatter[constant], scatter[:, constant] = 0, 0
            value = two_sum(self._base / unit, (self._base_low + self._least) / unit)
            mean[constant], mean_low[constant] = value[0][constant], value[1][constant]
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


def _abreast(block: NDArray[Any]) -> NDArray[Any]:
    """Return columns (c, m) that have the range of a block (n, c), shorter where rows compare abreast."""
    n, c = block.shape
    abreast = ABREAST // c
    if c > 1 and n > abreast > 1 and block.flags.c_contiguous:
        whole = n // abreast * abreast
        wide = block[:whole].reshape(-1, abreast * c)
        least, most = np.minimum.reduce(wide, axis=0), np.maximum.reduce(wide, axis=0)
        block = np.concatenate((least.reshape(abreast, c), most.reshape(abreast, c), block[whole:]))
    return block.T


def _buffer(size: int) -> Array:
    """Return numbers to write over, the same for all chunks of a thread: fresh memory costs too much."""
    kept = getattr(_mine, "buffer", None)
    if kept is None or len(kept) < size:
        kept = _mine.buffer = np.empty(size)
    return kept[:size]


_mine = threading.local()


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
