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

Steps = int | NDArray[np.int64]

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


class Path(Guarantee, Protocol):
    """A guarantee that knows the error after every number of steps, not only its bound."""

    def after(self, k: Steps) -> Array:
        """Return the share of the error that k steps leave along every eigenvector.

        It has shape (m,) for a number k, and (n, m) for k of shape (n, 1).
        """
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Powers:
    """eₖ = (1 - ηλ)ᵏ, for m eigenvalues at once.

    Attributes
    ----------
    pull : (m,) array
        ηλ.
    """

    pull: Array

    @property
    def factor(self) -> float:
        return float(np.abs(1 - self.pull).max())

    def envelope(self, k: int) -> float:
        return float(np.abs(self.after(k)).max())

    def after(self, k: Steps) -> Array:
        return _power(1 - self.pull, _log_of_one_minus(self.pull), k)


@dataclass(frozen=True, slots=True, eq=False)
class Recurrence:
    """e₀ = 1, e₁ = now/2 + drift, eₖ₊₁ = now·eₖ + before·eₖ₋₁, for m eigenvalues at once.

    Where the roots of r² = now·r + before are real and apart, eₖ is a sum of their powers, that of a root
    close to one taken by its logarithm. Elsewhere, with w = √|D|/2, φ the angle of the roots and
    r = √-before,

        eₖ = rᵏ (cos kφ + (drift/w) sin kφ)   (cosh and sinh for D > 0).

    What is nearly a double root is told from one by D, which the methods give without cancellation.

    Attributes
    ----------
    pull : (m,) array
        ηλ, which is 1 - now - before.
    now, before, drift : (m,) arrays
    D : (m,) array
        now² + 4 before.

    References
    ----------
    Polyak (1964), *Some methods of speeding up the convergence of iteration methods*.
    O'Donoghue, Candès (2015), *Adaptive restart for accelerated gradient schemes*, section 4.
    """

    pull: Array
    now: Array
    before: Array
    drift: Array
    D: Array

    @property
    def factor(self) -> float:
        """The spectral radius: the larger root, in modulus."""
        with np.errstate(over="ignore", invalid="ignore"):
            real = (np.abs(self.now) + np.sqrt(np.maximum(self.D, 0.0))) / 2
            return float(np.where(self.D >= 0, real, np.sqrt(np.maximum(-self.before, 0.0))).max())

    def envelope(self, k: int) -> float:
        """Return the largest |eₖ|: no start leaves more of the error, and one start leaves this much."""
        return float(np.abs(self.after(k)).max())

    def after(self, k: Steps) -> Array:
        with np.errstate(all="ignore"):
            w = np.sqrt(np.abs(self.D)) / 2
            apart = (self.D > 0) & (w > APART * np.abs(self.now))
            found = np.where(apart, self._by_roots(k, w), self._by_angle(k, w))
        found = np.where((self.now == 0) & (self.before == 0), 0.0, found)
        first = self.now / 2 + self.drift
        return np.where(np.equal(k, 0), 1.0, np.where(np.equal(k, 1), first, found))

    def _by_roots(self, k: Steps, w: Array) -> Array:
        large = self.now / 2 + np.copysign(w, self.now)
        small = -self.before / large
        log_large = np.where(large > 0, _log_of_one_minus(self.pull / (1 - small)), np.log(np.abs(large)))
        part = (self.drift + np.copysign(w, self.now)) / (2 * np.copysign(w, self.now))
        rest = np.where(small == 0, 0.0, (1 - part) * _power(small, np.log(np.abs(small)), k))
        return part * _power(large, log_large, k) + rest

    def _by_angle(self, k: Steps, w: Array) -> Array:
        middle, log_r = np.abs(self.now) / 2, np.log(-self.before) / 2
        turn, lean = np.arctan2(w, middle), np.arctanh(w / middle)
        sign = np.copysign(1.0, self.now)
        slope = sign * self.drift / np.where(w > 0, w, 1.0)
        round_ = np.exp(k * log_r) * (np.cos(k * turn) + slope * np.sin(k * turn))
        up, down = np.exp(k * (log_r + lean)), np.exp(k * (log_r - lean))
        rise = np.where(k * lean < 1, np.exp(k * log_r) * np.sinh(k * lean), (up - down) / 2)
        double = np.exp(k * log_r) * (1 + sign * self.drift * k / middle)
        leaning = np.where(w > 0, (up + down) / 2 + slope * rise, double)
        turned = (sign < 0) & np.equal(np.mod(k, 2), 1)
        return np.where(turned, -1.0, 1.0) * np.where(self.D < 0, round_, leaning)


def _log_of_one_minus(x: Array) -> Array:
    """Return log |1 - x|."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(x < 1, np.log1p(-np.minimum(x, 1.0)), np.log(np.abs(1 - x)))


def _power(root: Array, log: Array, k: Steps) -> Array:
    """Return the k-th powers of roots, given the logarithms of their moduli."""
    with np.errstate(all="ignore"):
        size = np.where(np.equal(k, 0), 1.0, np.exp(k * log))
        return np.where((root < 0) & np.equal(np.mod(k, 2), 1), -size, size)


@dataclass(frozen=True, slots=True)
class Geometric:
    """Every step multiplies the error by a factor at most."""

    factor: float

    def envelope(self, k: int) -> float:
        with np.errstate(over="ignore"):
            return float(np.float64(self.factor) ** k)


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


def degrees_of_freedom(left: Array) -> Array:
    """Return the effective degrees of freedom of fitted values whose errors are shrunk to shares (..., m).

    Each eigenvector counts as much as its coefficient has moved: 1 - share.

    References
    ----------
    Hastie, Tibshirani, Friedman (2009), *The Elements of Statistical Learning*, section 7.6.
    """
    return (1 - left).sum(axis=-1)


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
