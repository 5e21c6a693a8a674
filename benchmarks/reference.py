"""The exact answer: a triangle from Householder reflections, refined with residuals of twice the precision.

Corrected seminormal equations: Å. Björck, *Stability analysis of the method of seminormal equations for
linear least squares problems*, Linear Algebra Appl. 88/89 (1987). Sums and products with their errors:
T. Ogita, S. M. Rump and S. Oishi, *Accurate sum and dot product*, SIAM J. Sci. Comput. 26 (2005). Slow, and
independent of what it judges.
"""

import math

import numpy as np
from scipy.linalg import solve_triangular

CELLS = 1 << 13
"""Numbers of a block."""

SMALL = 1e-12
"""A relative correction after which the next one, smaller by as much again, is lost in rounding."""


def reference(pieces):
    """Return intercept and coefficients (p + 1,), given a function that yields pieces (X, y)."""
    R = triangle(pieces())
    high, low = np.zeros(len(R)), np.zeros(len(R))
    for _ in range(10):
        step = solve_triangular(R, solve_triangular(R, gradient(pieces(), high, low), trans="T"))
        high, rest = _sum(high, step)
        high, low = _sum(high, low + rest)
        if np.all(np.abs(step) <= SMALL * np.abs(high)):
            return high
    raise ArithmeticError("reference: the columns are too nearly dependent")


def triangle(pieces):
    """Return R of [1 X] = QR."""
    R = None
    for X, _ in pieces:
        rows = max(CELLS // X.shape[1], 4 * X.shape[1])
        for start in range(0, len(X), rows):
            block = _design(X[start : start + rows])
            R = np.linalg.qr(block if R is None else np.vstack([R, block]), mode="r")
    return R


def gradient(pieces, high, low):
    """Return [1 X]'(y - [1 X] b) for b = high + low, in about twice the precision of its terms."""
    total = Lanes(len(high))
    for X, y in pieces:
        rows = CELLS // len(high) + 1
        for start in range(0, len(X), rows):
            T = np.ascontiguousarray(_design(X[start : start + rows]).T)
            total.add(T, *residuals(T, y[start : start + rows].astype(float), high, low))
    return total.sums()


def residuals(T, y, high, low):
    """Return y - T'b for b = high + low as a sum of two numbers."""
    products, errors = _product(T, -high[:, None])
    terms, rest = np.vstack([y, products]), errors.sum(axis=0) - low @ T
    while len(terms) > 1:
        half = len(terms) // 2
        sums, errors = _sum(terms[:half], terms[half : 2 * half])
        terms, rest = np.vstack([sums, terms[2 * half :]]), rest + errors.sum(axis=0)
    return terms[0], rest


class Lanes:
    """Sums over rows, one for every place in a block, until the end."""

    def __init__(self, k):
        self.high = self.low = np.zeros((k, 0))

    def add(self, T, r, rest):
        """Add T (r + rest), place by place."""
        product, error = _product(T, r)
        error += T * rest
        n = T.shape[1]
        if n > self.high.shape[1]:
            more = ((0, 0), (0, n - self.high.shape[1]))
            self.high, self.low = np.pad(self.high, more), np.pad(self.low, more)
        self.high[:, :n], lost = _sum(self.high[:, :n], product)
        self.low[:, :n] += lost + error

    def sums(self):
        return np.array([math.fsum([*a, *b]) for a, b in zip(self.high, self.low, strict=True)])


def _design(X):
    return np.column_stack([np.ones(len(X)), X])


def _sum(a, b):
    """Return a + b and its rounding error."""
    total = a + b
    part = total - a
    return total, (a - (total - part)) + (b - part)


def _product(a, b):
    """Return a b and its rounding error."""
    product = a * b
    (a, a_low), (b, b_low) = _halves(a), _halves(b)
    return product, a_low * b_low - (((product - a * b) - a_low * b) - a * b_low)


def _halves(a):
    """Return a as a sum of two numbers of 26 bits."""
    c = (2.0**27 + 1) * a
    high = c - (c - a)
    return high, a - high
