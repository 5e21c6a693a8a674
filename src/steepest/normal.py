"""`NormalEquations`: the exact least-squares answer of some moments, and what rounding leaves of it.

With the intercept profiled out and every column divided by its root mean square d (about its mean, or
about zero without an intercept), the objective of the coefficients u = d·b is

    f(u) = ½ uᵀH u - sᵀu + ½ t,   H (k, k) with unit diagonal,  s (k,),  t = Σ w (y - ȳ)² / W.

These coordinates remove the units of the columns: what is left of the condition number is the data's own.
"""

# pyright: reportMissingTypeStubs=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# pyright: reportAttributeAccessIssue=false
from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack

from steepest.moments import Moments

Array = NDArray[np.float64]

ROUNDINGS = 8
"""Roundings per column that an entry of the moments may be off."""

PANEL = 400
"""Roundings that equal addends add to that: BLAS sums as many in sequence, each rounded the same way."""

NOISE = 100
"""A residual variance below so many of its own rounding errors is not known."""


@dataclass(frozen=True)
class NormalEquations:
    """The normal equations of k columns that vary, in unit-diagonal coordinates.

    Attributes
    ----------
    moments : Moments
    intercept : bool
        Whether the intercept is profiled out; otherwise products are taken about zero.
    active : (k,) int array
        The features that vary (or, without intercept, are not zero throughout).
    spread : (k,) array
        d, the root mean square of each active column about its mean (or zero), in units of the moments.
    center : (k,) array
        Means of the active columns divided by their spread; zeros without intercept.
    H : (k, k) array, s : (k,) array, t : float
        As above, in units of the moments.
    """

    moments: Moments
    intercept: bool
    active: NDArray[np.intp]
    spread: Array
    center: Array
    H: Array
    s: Array
    t: float

    @classmethod
    def of(cls, moments: Moments, *, intercept: bool) -> NormalEquations:
        mean = moments.mean + moments.mean_low
        products = moments.scatter / moments.weight
        if not intercept:
            products += np.outer(mean, mean)
        spread = np.sqrt(np.diag(products)[:-1])
        active = np.flatnonzero(spread > 0)
        d = spread[active]
        every = len(active) == len(spread)
        H = (products[:-1, :-1] if every else products[np.ix_(active, active)]) / d / d[:, None]
        np.fill_diagonal(H, 1.0)
        center = mean[active] / d if intercept else np.zeros(len(active))
        return cls(
            moments, intercept, active, d, center, H, products[active, -1] / d, float(products[-1, -1])
        )

    @property
    def k(self) -> int:
        """Number of active columns."""
        return len(self.active)

    @property
    def unit_roundoff(self) -> float:
        """Relative rounding error of one number of the moments."""
        return 10.0**-self.moments.digits

    @cached_property
    def root(self) -> Array:
        """K (rank, k) with H⁺ = KᵀK: the inverse Cholesky factor, or below full rank its spectral form."""
        if not self.k:
            return np.zeros((0, 0))
        K = _inverse_cholesky(self.H)
        if K is not None and self._smallest * self.k * np.vdot(K, K) < 1:
            return K
        eigenvalues, V = self._spectral
        kept = eigenvalues > self._smallest * eigenvalues[-1]
        return (V[:, kept] / np.sqrt(eigenvalues[kept])).T

    @cached_property
    def _spectral(self) -> tuple[Array, Array]:
        """Eigenvalues (k,) of H in rising order, and its eigenvectors (k, k): needed below full rank only."""
        eigenvalues, V = np.linalg.eigh(self.H)
        return eigenvalues, V

    @property
    def _smallest(self) -> float:
        """Eigenvalues below this share of the largest are those of dependent columns, or rounding."""
        return 16 * self.k * self.unit_roundoff

    @cached_property
    def null_space(self) -> Array:
        """Orthonormal columns (k, k - rank): the combinations of columns that the moments take for zero."""
        if self.rank == self.k:
            return np.zeros((self.k, 0))
        return self._spectral[1][:, : self.k - self.rank]

    @property
    def doubtful(self) -> bool:
        """Whether columns look dependent to the moments, but only the rows can tell whether they are."""
        return self.rank < min(self.k, self.moments.rows - self.intercept)

    @property
    def rank(self) -> int:
        """Numerical rank of the active columns."""
        return len(self.root)

    @property
    def freedom(self) -> int:
        """Residual degrees of freedom: rows of positive weight minus the parameters that they determine."""
        return self.moments.rows - self.rank - self.intercept

    def coordinates(self, X: Array) -> Array:
        """Return rows of features (n, p) as rows (n, k) about the means and divided by the spread."""
        m, at = self.moments, self.active
        origin = (m.mean[at], m.mean_low[at]) if self.intercept else (0.0, 0.0)
        return ((X[:, at] / m.unit[at] - origin[0]) - origin[1]) / self.spread

    def solve(self, g: Array) -> Array:
        """Return H⁺g."""
        return self.root.T @ (self.root @ g)

    @cached_property
    def solution(self) -> Array:
        """u* (k,): the exact answer up to rounding, of minimum norm below full rank."""
        u = self.solve(self.s)
        return u + self.solve(self.s - self.H @ u)

    @cached_property
    def inverse_diagonal(self) -> Array:
        """Diagonal (k,) of H⁺: at full rank the variance inflation factors."""
        return np.einsum("ij,ij->j", self.root, self.root)

    @cached_property
    def residual(self) -> float:
        """RSS/W of the exact answer, in squared units of the target."""
        return max(self.t - float(self.s @ self.solution), 0.0)

    @property
    def entry_error(self) -> float:
        """Relative error that rounding may have left in an entry of the moments."""
        return (ROUNDINGS * (self.k + 1) + PANEL) * self.unit_roundoff

    @cached_property
    def se(self) -> float | None:
        """s/sqrt(W), never above it: the standard errors of u without their inflation; None if not known."""
        u = self.solution
        error = self.entry_error * (self.t + float(u @ u))
        if self.freedom <= 0 or self.residual <= NOISE * error:
            return None
        return math.sqrt((self.residual - error) / self.freedom)

    @cached_property
    def noise(self) -> float:
        """What rounding can have done to the answer: `se` times so many standard errors.

        Rounding of the moments, amplified by at least 1/sqrt(λ_min(H)), and of the coefficients as written.
        """
        if not self.k:
            return 2.0**-53 * abs(self.y_mean)
        length = max(float(np.linalg.norm(self.solution)), math.sqrt(self.t))
        written = np.abs(self.solution) / self.inflation
        b0 = self.y_mean - float(self.center @ self.solution)
        largest = max(float(written.max()), abs(b0) / self.intercept_inflation)
        return self.entry_error * length * math.sqrt(self.inverse_diagonal.sum()) + 2.0**-53 * largest

    @cached_property
    def y_mean(self) -> float:
        """ȳ in units of the moments; zero without intercept."""
        return float(self.moments.mean[-1] + self.moments.mean_low[-1]) if self.intercept else 0.0

    @cached_property
    def inflation(self) -> Array:
        """sqrt (k,) of the diagonal of H⁺: standard errors of u, divided by s/sqrt(W)."""
        return np.sqrt(self.inverse_diagonal)

    @cached_property
    def intercept_inflation(self) -> float:
        """Standard error of the intercept, divided by s/sqrt(W) and in units of the target."""
        h = self.root @ self.center
        return math.sqrt(1 + float(h @ h))

    def coefficients(self, u: Array) -> tuple[Array, float]:
        """Return the coefficients (p,) and the intercept, in the user's units, that belong to u.

        Below full rank the part of u that does not change any fitted value is left out.
        """
        if self.rank < self.k:
            u = self.solve(self.H @ u)
        m = self.moments
        b = u / self.spread
        coef = np.zeros(m.p)
        with np.errstate(over="ignore", under="ignore"):
            coef[self.active] = b * (m.unit[-1] / m.unit[self.active])
        return coef, self.intercept_of(b)

    def intercept_of(self, b: Array) -> float:
        """Return ȳ - x̄ᵀb in the user's units, from exact products summed with one rounding."""
        if not self.intercept:
            return 0.0
        m = self.moments
        high, low = _two_product(m.mean[self.active], -b)
        terms = [m.mean[-1], m.mean_low[-1], *high, *low, *(-b * m.mean_low[self.active])]
        return math.fsum(terms) * float(m.unit[-1])

    def displacement(self, coef: Array, intercept: float) -> tuple[Array, float]:
        """Return u (k,) of some coefficients, and the mean residual r₀ = b₀ + x̄ᵀb - ȳ of their intercept."""
        m = self.moments
        still = np.setdiff1d(np.arange(m.p), self.active)
        intercept += float(coef[still] @ (m.mean[still] * m.unit[still]))
        b = coef[self.active] * (m.unit[self.active] / m.unit[-1])
        r0 = (intercept - self.intercept_of(b)) / float(m.unit[-1]) if self.intercept else 0.0
        return b * self.spread, r0


def _inverse_cholesky(H: Array) -> Array | None:
    """Return the inverse of the lower Cholesky factor, or None if H is not positive definite."""
    L, failed = lapack.dpotrf(H, lower=1, clean=1)
    if failed:
        return None
    K, failed = lapack.dtrtri(L, lower=1)
    return None if failed else K


def _two_product(a: Array, b: Array) -> tuple[Array, Array]:
    """Return a·b as a rounded product and its rounding error (Dekker 1971; Veltkamp's splitting)."""
    product = a * b
    c = 134217729.0 * a
    a_high = c - (c - a)
    d = 134217729.0 * b
    b_high = d - (d - b)
    a_low, b_low = a - a_high, b - b_high
    return product, ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low
