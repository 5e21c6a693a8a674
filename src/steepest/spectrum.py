"""What repeated steps do to the error, eigenvalue by eigenvalue: closed forms, envelopes, degrees of freedom.

Along an eigenvector of the Hessian with eigenvalue λ every method of constant step is a short recurrence
for the error e = v - v*. Its k-th term has a closed form, whatever k: no step need be taken to know where
the path leads.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

APART = 1e-3
"""Relative distance of two real roots from which their powers are subtracted without loss."""

FURTHEST = 10**15
"""Steps beyond which none is predicted."""


class Guarantee(Protocol):
    """A bound on the error of a descent, in the metric of the curvature."""

    @property
    def factor(self) -> float:
        """What one step multiplies the error by, asymptotically."""
        ...

    def envelope(self, k: int) -> float:
        """Return what k steps multiply the error by, at most: sqrt(gap after them / gap before)."""
        ...


def steps_until(guarantee: Guarantee, share: float) -> int | None:
    """Return a number of steps after which no more than a share of the error is left, or None."""
    if share >= 1:
        return 0
    if not (guarantee.factor < 1 and share > 0):
        return None
    high = 1
    while guarantee.envelope(high) > share:
        high *= 2
        if high > FURTHEST:
            return None
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if guarantee.envelope(middle) <= share else (middle, high)
    return high


@dataclass(frozen=True, slots=True)
class Recurrence:
    """e₀ = 1, e₁ = first, eₖ₊₁ = now·eₖ + before·eₖ₋₁, for m eigenvalues at once.

    Attributes
    ----------
    pull : (m,) array
        η λ, which is 1 - now - before.
    now, before, first : (m,) arrays

    References
    ----------
    Polyak (1964), *Some methods of speeding up the convergence of iteration methods*.
    O'Donoghue, Candès (2015), *Adaptive restart for accelerated gradient schemes*, section 4.
    """

    pull: Array
    now: Array
    before: Array
    first: Array

    @property
    def factor(self) -> float:
        """The spectral radius: the larger root, in modulus, of r² = now·r + before."""
        with np.errstate(over="ignore", invalid="ignore"):
            square = self.now**2 + 4 * self.before
            real = (np.abs(self.now) + np.sqrt(np.maximum(square, 0.0))) / 2
            return float(np.where(square >= 0, real, np.sqrt(np.maximum(-self.before, 0.0))).max())

    def envelope(self, k: int) -> float:
        """Return the largest |eₖ|: no start leaves more of the error, and one start leaves this much."""
        return float(np.abs(self.after(k)).max())

    def after(self, k: int) -> Array:
        """Return eₖ (m,): exactly (up to rounding) the share of the error that k steps leave.

        Where the roots are real and apart it is a sum of their powers, the power of a root close to one being
        taken by its logarithm; elsewhere the k-th power of the matrix of the recurrence, by squaring.
        """
        if k == 0:
            return np.ones_like(self.now)
        with np.errstate(all="ignore"):
            width = np.sqrt(np.maximum(self.now**2 + 4 * self.before, 0.0))
            apart = width > APART * np.abs(self.now)
            return np.where(apart, self._by_roots(k, width), self._by_squaring(k))

    def _by_roots(self, k: int, width: Array) -> Array:
        large = (self.now + np.copysign(width, self.now)) / 2
        small = -self.before / large
        log_large = np.where(
            large > 0, np.log1p(-np.minimum(self.pull / (1 - small), 1.0)), np.log(np.abs(large))
        )
        part = (self.first - small) / (large - small)
        powers = _power(large, log_large, k), _power(small, np.log(np.abs(small)), k)
        return part * powers[0] + np.where(part == 1, 0.0, (1 - part) * powers[1])

    def _by_squaring(self, k: int) -> Array:
        one, zero = np.ones_like(self.now), np.zeros_like(self.now)
        total, square = (one, zero, zero, one), (self.now, self.before, one, zero)
        rest = k - 1
        while rest:
            if rest & 1:
                total = _product(total, square)
            square = _product(square, square)
            rest >>= 1
        return total[0] * self.first + total[1]


def _power(root: Array, log: Array, k: int) -> Array:
    """Return the k-th powers of roots, given the logarithms of their moduli."""
    return np.where((root < 0) & (k % 2 == 1), -1.0, 1.0) * np.exp(k * log)


def _product(A: tuple[Array, ...], B: tuple[Array, ...]) -> tuple[Array, ...]:
    """Return the products of 2 x 2 matrices, entry by entry."""
    a, b, c, d = A
    e, f, g, h = B
    return a * e + b * g, a * f + b * h, c * e + d * g, c * f + d * h


@dataclass(frozen=True, slots=True)
class Geometric:
    """Every step multiplies the error by a factor at most."""

    factor: float

    def envelope(self, k: int) -> float:
        return self.factor**k


@dataclass(frozen=True, slots=True)
class Chebyshev:
    """The best that polynomials in a Hessian of this condition number can do, and no more than `size` steps.

        eₖ <= 2 ςᵏ / (1 + ς²ᵏ),   ς = (√κ - 1) / (√κ + 1).

    References
    ----------
    Saad (2003), *Iterative Methods for Sparse Linear Systems*, section 6.11.3.
    """

    condition: float
    size: int

    @property
    def factor(self) -> float:
        root = math.sqrt(self.condition)
        return (root - 1) / (root + 1)

    def envelope(self, k: int) -> float:
        if k >= self.size:
            return 0.0
        power = self.factor**k
        return 2 * power / (1 + power * power)


def degrees_of_freedom(left: Array) -> float:
    """Return the effective degrees of freedom of fitted values whose errors are shrunk to shares (m,).

    Each eigenvector counts as much as its coefficient has moved: 1 - share.

    References
    ----------
    Hastie, Tibshirani, Friedman (2009), *The Elements of Statistical Learning*, section 7.6.
    """
    return float((1 - left).sum())


def equivalent_ridge(eigenvalues: Array, df: float) -> float:
    """Return the penalty α of ridge regression with as many degrees of freedom: Σ λ/(λ + α) = df.

    In the units of the eigenvalues (m,): the objective is f(v) + α/2 |v|². Infinite at df = 0, zero at m.

    References
    ----------
    Ali, Kolter, Tibshirani (2019), *A continuous-time view of early stopping for least squares*.
    """
    if df <= 0:
        return math.inf
    if df >= len(eigenvalues):
        return 0.0
    low, high = math.log(eigenvalues[0]) - 80, math.log(eigenvalues[-1] * len(eigenvalues) / df)
    for _ in range(80):
        middle = (low + high) / 2
        spent = float((eigenvalues / (eigenvalues + math.exp(middle))).sum())
        low, high = (middle, high) if spent > df else (low, middle)
    return math.exp((low + high) / 2)
