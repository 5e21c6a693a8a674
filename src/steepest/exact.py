"""Arithmetic without rounding: sums and products of float64 numbers as unevaluated sums of two.

A pair (high, low) stands for high + low, |low| being at most one rounding of high: about 32 digits.

References
----------
Dekker (1971), *A floating-point technique for extending the available precision*, Numerische Mathematik 18.
Knuth, *The Art of Computer Programming*, vol. 2, section 4.2.2 (two-sum).
Ozaki, Ogita, Oishi, Rump (2012), *Error-free transformations of matrix multiplication by using fast routines
of matrix multiplication and its applications*, Numerical Algorithms 59 (slices).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from steepest.chunk import Chunk

Array = NDArray[np.float64]
Pair = tuple[Array, Array]

BITS = 20
TERMS = 1 << (52 - 2 * BITS)
"""So many products of two slices add up without a rounding."""


def two_sum(a: Array, b: Array) -> Pair:
    """Return a + b as a rounded sum and its rounding error."""
    total = a + b
    t = total - a
    return total, (a - (total - t)) + (b - t)


def two_product(a: Array, b: Array) -> Pair:
    """Return a·b as a rounded product and its rounding error; |a| and |b| below 2^996."""
    product = a * b
    c = 134217729.0 * a
    a_high = c - (c - a)
    d = 134217729.0 * b
    b_high = d - (d - b)
    a_low, b_low = a - a_high, b - b_high
    return product, ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low


def remainder(block: NDArray[Any]) -> Array | None:
    """Return what float64 numbers leave of some numbers: of 64-bit integers beyond 2^53, if there are any."""
    if block.dtype.kind not in "iu" or block.dtype.itemsize < 8:
        return None
    low = block & block.dtype.type(2047)
    return two_sum((block - low).astype(np.float64), low.astype(np.float64))[1]


def as_pair(values: NDArray[Any]) -> Pair:
    """Return numbers as pairs, whole numbers beyond 2^53 exactly."""
    high, low = values.astype(np.float64), remainder(values)
    return high, np.zeros_like(high) if low is None else low


def rows_as_pairs(chunk: Chunk) -> Pair:
    """Return the rows (n, k) of a chunk as pairs; where nothing is left over, the lower halves are (1, k)."""
    high, low = chunk.matrix(), np.zeros((1, len(chunk.names)))
    for (columns, block), known in zip(chunk.blocks(), chunk.low or [None] * len(chunk.parts), strict=True):
        rest = remainder(block) if known is None else known.reshape(block.shape)
        if rest is not None:
            low = low if len(low) == chunk.rows else np.repeat(low, chunk.rows, axis=0)
            low[:, columns] = rest
    return high, low


def add(a: Pair, b: Pair) -> Pair:
    """Return the sum of two pairs."""
    high, error = two_sum(a[0], b[0])
    return two_sum(high, error + (a[1] + b[1]))


def times(a: Pair, b: Array) -> Pair:
    """Return a pair times a number."""
    high, error = two_product(a[0], b)
    return two_sum(high, error + a[1] * b)


def multiply(a: Pair, b: Pair) -> Pair:
    """Return the product of two pairs."""
    high, error = two_product(a[0], b[0])
    return two_sum(high, error + (a[0] * b[1] + a[1] * b[0]))


def divide(a: Pair, b: Array) -> Pair:
    """Return a pair divided by a number."""
    quotient = a[0] / b
    high, low = two_product(quotient, b)
    return two_sum(quotient, ((a[0] - high) - low + a[1]) / b)


def dot(rows: Pair, weights: Pair) -> Array:
    """Return the products (n,) of rows (n, k) and weights (k,), summed in pairs and rounded once."""
    total = np.zeros(len(rows[0])), np.zeros(len(rows[0]))
    for j in range(len(weights[0])):
        high, error = two_product(rows[0][:, j], weights[0][j])
        low = error + (rows[0][:, j] * weights[1][j] + rows[1][:, j] * weights[0][j])
        total = add(total, (high, low))
    return total[0] + total[1]


def sliced(count: int) -> float:
    """Return what a `product` of numbers up to one in so many slices may be off, for every term of a sum."""
    return 8 * 2.0 ** (-count * BITS)


def slices(a: Pair, count: int) -> Array:
    """Cut numbers up to one into slices (count, ...) of 20 bits on a common grid, the largest bits first."""
    rest, low = a
    cut = np.empty((count, *rest.shape))
    for j in range(count):
        grid = 1.5 * 2.0 ** (53 - (j + 1) * BITS)
        np.subtract(rest + grid, grid, out=cut[j])
        rest = rest - cut[j]
        if j == 1:
            rest = rest + low
    return cut


def product(A: Array, B: Array) -> Pair:
    """Return the product of matrices A (m, k) and B (k, c) of numbers up to one, given in slices.

    Products of slices are exact in float64 as long as at most `TERMS` of them are added: BLAS does the
    work, whatever the order of its sums. Those of one size are added at once, as the product of slices side
    by side with slices below each other.
    """
    count, m, k = A.shape
    if count * k > TERMS and k > 1:
        half = k // 2
        return add(product(A[..., :half], B[:, :half]), product(A[..., half:], B[:, half:]))
    beside, below = A.transpose(1, 0, 2).reshape(m, count * k), B[::-1].reshape(count * k, -1)
    high = low = np.zeros((m, B.shape[2]))
    for j in range(count):
        high, error = two_sum(high, beside[:, : (j + 1) * k] @ below[(count - 1 - j) * k :])
        low = low + error
    return two_sum(high, low)


def power_of_two(largest: Array) -> Array:
    """Return the smallest powers of two that are not below some numbers; one for zero."""
    mantissa, exponent = np.frexp(largest)
    return np.where(largest > 0, np.ldexp(1.0, exponent - (mantissa == 0.5)), 1.0)
