"""Sums over rows about an origin, through BLAS.

The origin is at first the mean of some rows spread over all of them.

Rows are converted to float64, a segment at a time, into a small buffer whose products accumulate. The buffer
holds every column side by side in stretches of `STRETCH` rows: whether rows come as columns or as a matrix,
conversion, range and products then run along the cache.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

Parts = tuple[tuple[slice, NDArray[Any]], ...]
"""Blocks (n, c) with the columns that they fill."""

SAMPLED, RUNS = 2048, 32
"""Rows, in so many runs, whose mean is the provisional origin."""

STRETCH = 1024
"""Rows whose products BLAS adds up at once."""

BUFFER = 1 << 20
"""Numbers in the buffer, which is written over and over."""

FEW, PANEL, NARROW = 2048, 16, 32
"""Few rows of at most so many columns are added up in panels, which costs little there."""

WIDE = 48
"""Columns from which BLAS is faster at the product of a matrix with itself than at any other."""

ABREAST = 512
"""Numbers that are compared side by side."""

IN_SEQUENCE = 400
"""Rows that BLAS sums in sequence; equal addends are rounded in the same way, all of them."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows as they came.

    Attributes
    ----------
    n, k : int
        Numbers of rows and of columns.
    parts : Parts
        The columns in their own types; whole numbers within ±2^53.
    low : Parts
        What float64 leaves of parts that were computed.
    w : (n,) array or None
        Weights.
    """

    n: int
    k: int
    parts: Parts
    low: Parts
    w: Array | None


@dataclass(frozen=True, slots=True)
class Sums:
    """What is added up of the rows z about an origin.

    Attributes
    ----------
    origin : (k,) array
    first : (k,) array
        Σ wz.
    second : (k, k) array
        Σ wzzᵀ.
    least, most : (k,) arrays
        Range of the rows as they came, without what `low` adds.
    in_sequence : int
        Additions, one after the other, that a sum is made of at most.
    """

    origin: Array
    first: Array
    second: Array
    least: Array
    most: Array
    in_sequence: int


def sums(rows: Rows, origin: Array | None = None, unit: Array | None = None) -> Sums:
    """Return the sums of rows about an origin (k,), or a provisional one, divided by a unit (k,)."""
    n, k = rows.n, rows.k
    origin = _provisional_origin(rows) if origin is None else origin
    stretch = PANEL if n <= FEW and k <= NARROW else min(STRETCH, n)
    stretches = min(-(-n // stretch), max(BUFFER // (stretch * (k + 1)), 1))
    buffer = _buffer(stretches * (k + 1) * stretch).reshape(stretches, k + 1, stretch)
    parts = rows.parts
    if n <= FEW:
        side_by_side = np.concatenate([block for _, block in parts], axis=1, dtype=np.float64)
        parts = ((slice(0, k), side_by_side),)
    total = np.zeros((k + 1, k))
    least, most = np.full(k, np.inf), np.full(k, -np.inf)
    for start in range(0, n, stretches * stretch):
        at = slice(start, min(start + stretches * stretch, n))
        filled = buffer[: -(-(at.stop - start) // stretch)]
        _fill(filled, parts, at, origin, (least, most))
        _finish(filled, rows, at, unit)
        others = filled if k >= WIDE else filled[:, 1:]
        total += np.add.reduce(filled @ others.transpose(0, 2, 1), axis=0)[:, -k:]
    in_sequence = min(stretch, IN_SEQUENCE) + stretches + -(-n // (stretches * stretch))
    return Sums(origin, total[0], (total[1:] + total[1:].T) / 2, least, most, in_sequence)


def _provisional_origin(rows: Rows) -> Array:
    """Return the mean (k,) of some rows, as well as float64 can hold it."""
    runs = RUNS if rows.n > SAMPLED else 1
    length, taken = rows.n // runs, min(rows.n, SAMPLED) // runs
    some = np.empty((rows.k, runs, taken))
    for columns, block in rows.parts:
        some[columns] = block[: runs * length].reshape(runs, length, -1)[:, :taken].transpose(2, 0, 1)
    w = None if rows.w is None else rows.w[: runs * length].reshape(runs, length)[:, :taken].ravel()
    share = np.full(runs * taken, 1 / (runs * taken)) if w is None else w / w.sum()
    mean = some.reshape(rows.k, -1) @ share
    return mean if np.isfinite(mean).all() else np.nan_to_num(mean, nan=0.0, posinf=0.0, neginf=0.0)


def _fill(filled: Array, parts: Parts, at: slice, origin: Array, ends: tuple[Array, Array]) -> None:
    """Fill stretches (s, k+1, stretch) with rows about the origin, the last repeated; widen their range."""
    stretches, _, stretch = filled.shape
    left = stretches * stretch - (at.stop - at.start)
    for columns, block in parts:
        rows = block[at]
        if left:
            rows = np.concatenate((rows, rows[-1:].repeat(left, axis=0)))
        z = rows.reshape(stretches, stretch, -1).transpose(0, 2, 1)
        np.subtract(z, origin[columns, None], out=filled[:, 1:][:, columns])
        for end, ufunc in zip(ends, (np.minimum, np.maximum), strict=True):
            end[columns] = ufunc(end[columns], ufunc.reduce(_abreast(rows, ufunc), axis=1))


def _finish(filled: Array, rows: Rows, at: slice, unit: Array | None) -> None:
    """Add what the parts leave, divide by the unit, weigh; rows behind the last one become zeros."""
    stretches, _, stretch = filled.shape
    left = stretches * stretch - (at.stop - at.start)
    z = filled[:, 1:]
    for columns, rest in rows.low:
        low = np.concatenate((rest[at], np.zeros((left, rest.shape[1]))))
        z[:, columns] += low.reshape(stretches, stretch, -1).transpose(0, 2, 1)
    if unit is not None:
        z /= unit[:, None]
    filled[:, 0] = 1
    if rows.w is not None:
        roots = np.concatenate((np.sqrt(rows.w[at]), np.zeros(left)))
        filled *= roots.reshape(stretches, 1, stretch)
    if left:
        filled[-1, :, stretch - left :] = 0


def _abreast(block: NDArray[Any], ufunc: np.ufunc) -> NDArray[Any]:
    """Return columns (c, m) that have the end of a block (n, c), shorter where rows compare abreast."""
    n, c = block.shape
    abreast = ABREAST // c
    if c > 1 and n > abreast > 1 and block.flags.c_contiguous:
        whole = n // abreast * abreast
        ends = ufunc.reduce(block[:whole].reshape(-1, abreast * c), axis=0)
        block = np.concatenate((ends.reshape(abreast, c), block[whole:]))
    return block.T


def _buffer(size: int) -> Array:
    """Return numbers to write over, the same for all chunks of a thread: fresh memory costs too much."""
    kept = getattr(_mine, "buffer", None)
    if kept is None or len(kept) < size:
        kept = _mine.buffer = np.empty(size)
    return kept[:size]


_mine = threading.local()
