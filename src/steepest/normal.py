"""`NormalEquations`: the least-squares objective in the best of coordinates, and what rounding leaves of it.

With the intercept profiled out and every column divided by its root mean square d (about its mean, or
about zero without an intercept), the objective of the coefficients u = d·b is

    f(u) = ½ uᵀH u - sᵀu + ½ t,   H (k, k) with unit diagonal,  s (k,),  t = Σ w (y - ȳ)² / W.

These coordinates remove the units of the columns: what is left of the condition number is the data's own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from steepest.chunk import Chunk
from steepest.exact import Pair, add, divide, rows_as_pairs, two_product, two_sum
from steepest.expansion import Expansion
from steepest.gram import FewRows, Gram, Products
from steepest.moments import Moments
from steepest.thin import Thin

Array = NDArray[np.float64]

HALF_ULP = 2.0**-53

SCALED, SOLVED = 4, 2
"""Roundings of an entry of H on the way from the moments, and per column of solving for the answer."""

NOISE = 100
"""A residual variance below so many of its own rounding errors is not known."""

NEGLIGIBLE = 1e-9
"""Standard errors below which no coefficient need be known better."""


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
    gram : Gram
        H, with unit diagonal.
    s : (k,) array, t : float
        As above, in units of the moments.
    refined : Expansion or None
        The objective about a point where the rows were read again, which says more than H and s.
    """

    moments: Moments
    intercept: bool
    active: NDArray[np.intp]
    spread: Array
    center: Array
    gram: Gram
    s: Array
    t: float
    refined: Expansion | None = None

    @classmethod
    def of(cls, moments: Moments, *, intercept: bool) -> NormalEquations:
        if isinstance(moments, Thin):
            return cls._of_rows(moments, intercept)
        mean = moments.mean + moments.mean_low
        products = moments.products(about_mean=intercept)
        spread = np.sqrt(np.diag(products)[:-1])
        active = np.flatnonzero(spread > 0)
        d = spread[active]
        every = len(active) == len(spread)
        H = (products[:-1, :-1] if every else products[np.ix_(active, active)]) / d / d[:, None]
        np.fill_diagonal(H, 1.0)
        center = mean[active] / d if intercept else np.zeros(len(active))
        return cls(
            moments,
            intercept,
            active,
            d,
            center,
            Products(H),
            products[active, -1] / d,
            float(products[-1, -1]),
        )

    @classmethod
    def _of_rows(cls, moments: Thin, intercept: bool) -> NormalEquations:
        rows = moments.spans(about_mean=intercept)
        spread = np.sqrt(np.einsum("ij,ij->j", rows, rows))
        active, y = np.flatnonzero(spread[:-1] > 0), rows[:, -1]
        d = spread[active]
        Z = np.ascontiguousarray((rows[:, active] / d).T)
        mean = (moments.mean + moments.mean_low)[active]
        center = mean / d if intercept else np.zeros(len(active))
        return cls(moments, intercept, active, d, center, FewRows(Z), Z @ y, float(y @ y))

    @property
    def saturated(self) -> bool:
        """Whether there are so few rows that the columns can explain any target."""
        return self.moments.rows - self.intercept < self.k

    @cached_property
    def k(self) -> int:
        """Number of active columns."""
        return len(self.active)

    @property
    def unit_roundoff(self) -> float:
        """Relative rounding error of one number of the moments."""
        return 10.0**-self.moments.digits

    @property
    def smallest(self) -> float:
        """Eigenvalues of H below this share of the largest are those of dependent columns, or rounding."""
        return 16 * max(self.k, 1) * self.unit_roundoff

    @cached_property
    def expansion(self) -> Expansion:
        """The refined expansion or, from the moments alone, the one about zero."""
        if self.refined is not None:
            return self.refined
        determined = min(self.k, self.moments.rows - self.intercept)
        error, least = self.entry_error, self.smallest
        return self.gram.expansion(self.s, self.t, self.center, entry=error, least=least, rank=determined)

    @property
    def root(self) -> Array:
        """K (rank, k) with H⁺ = KᵀK."""
        return self.expansion.root

    @property
    def null_space(self) -> Array:
        """Orthonormal columns (k, k - rank): the combinations of columns that vanish."""
        return self.expansion.null_space

    @cached_property
    def rank(self) -> int:
        """Numerical rank of the active columns."""
        return len(self.root)

    @cached_property
    def freedom(self) -> int:
        """Residual degrees of freedom: rows of positive weight minus the parameters that they determine."""
        return self.moments.rows - self.rank - self.intercept

    def coordinates(self, chunk: Chunk) -> Array:
        """Return rows of features as rows (n, k) about the means and divided by the spread."""
        high, low = self.centred(chunk)
        return (high + low) / self.spread

    def centred(self, chunk: Chunk) -> Pair:
        """Return rows of features as pairs (n, k) about the means, in units of the moments."""
        m, at = self.moments, self.active
        high, low = (half[:, at] / m.unit[at] for half in rows_as_pairs(chunk))
        high = np.ascontiguousarray(high)
        if not self.intercept:
            return high, np.broadcast_to(low, high.shape)
        high, error = two_sum(high, -m.mean[at])
        return high, error + (low - m.mean_low[at])

    def solve(self, g: Array) -> Array:
        """Return H⁺g."""
        return self.expansion.solve(g)

    def gap(self, d: Array) -> float:
        """Return f(p + d) - min f."""
        e = self.expansion.factor @ (d - self.step)
        return float(e @ e) / 2

    @cached_property
    def step(self) -> Array:
        """u* - p (k,), of minimum norm below full rank."""
        return self.expansion.step()

    @cached_property
    def solution(self) -> Array:
        """u* (k,): the exact answer up to rounding, of minimum norm below full rank."""
        return self.expansion.point + (self.expansion.point_low + self.step)

    @cached_property
    def inverse_diagonal(self) -> Array:
        """Diagonal (k,) of H⁺: at full rank the variance inflation factors."""
        return np.einsum("ij,ij->j", self.root, self.root)

    @property
    def condition(self) -> float:
        """Condition number of the columns, at most: the square root of trace(H) trace(H⁺)."""
        return math.sqrt(self.k * float(self.inverse_diagonal.sum()))

    @cached_property
    def residual(self) -> float:
        """RSS/W of the exact answer, in squared units of the target."""
        return max(self.expansion.value + float(self.expansion.gradient @ self.step), 0.0)

    @property
    def entry_error(self) -> float:
        """Relative error that rounding may have left in an entry of the moments."""
        return (self.moments.roundings + SCALED + SOLVED * (self.k + 1)) * self.unit_roundoff

    @cached_property
    def se(self) -> float | None:
        """s/sqrt(W), never above it: the standard errors of u without their inflation; None if not known."""
        error = self.expansion.value_error + HALF_ULP**2 * self.t
        if self.freedom <= 0 or self.residual <= NOISE * error:
            return None
        return math.sqrt((self.residual - error) / self.freedom)

    @cached_property
    def noise(self) -> float:
        """What rounding can have done to the answer: `se` times so many standard errors.

        Rounding of the moments, or of what was measured on the rows, and of the coefficients as written.
        """
        return self.expansion.error + self.writing

    @cached_property
    def writing(self) -> float:
        """The part of `noise` that is due to writing the coefficients.

        Where there are no standard errors, to the fitted values that they give.
        """
        if not self.k:
            return HALF_ULP * abs(self.y_mean)
        b0 = self._intercept_size if self.intercept else 0.0
        if self.se is None:
            reach = np.abs(self.solution) @ np.hypot(1.0, self.center)
            return HALF_ULP * (float(reach) + b0 * self.intercept_inflation)
        seen = self.inflation > 0
        largest = float((np.abs(self.solution[seen]) / self.inflation[seen]).max(initial=0.0))
        return HALF_ULP * max(largest, b0)

    def right_to(self, digits: float, error: float, known: float = 0.0) -> bool:
        """Return whether an error |R(u - u*)| leaves every coefficient right to a share `digits` of itself.

        Or of `known` standard errors, if they are larger.
        """
        size = np.maximum(np.abs(self.solution), known * (self.se or 0.0) * self.inflation)
        return bool((error * self.inflation <= digits * size).all())

    @cached_property
    def written(self) -> float:
        """A length |R(u - u*)| that moves no coefficient, nor the intercept, by more than four roundings."""
        known = NEGLIGIBLE * (self.se or 0.0)
        seen = self.inflation > 0
        sizes = np.append(np.abs(self.solution[seen]) / self.inflation[seen], self._intercept_size)
        return 4 * HALF_ULP * max(float(sizes.min()), known)

    @property
    def exact(self) -> bool:
        """Whether a gradient measured on the rows shows the answer to be right to four roundings."""
        return self.refined is not None and self.refined.error <= self.written

    @cached_property
    def _intercept_size(self) -> float:
        """The intercept divided by its inflation; infinite without one."""
        if not self.intercept:
            return math.inf
        return abs(self.y_mean - float(self.center @ self.solution)) / self.intercept_inflation

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
        middle = self.expansion.middle
        return math.sqrt(1 + float(middle @ middle))

    def coefficients(self, d: Array, r0: float = 0.0) -> tuple[Array, float]:
        """Return the coefficients (p,) and the intercept, in the user's units, that belong to u = p + d.

        Each is rounded once; the intercept exceeds the best one by r0.
        """
        m = self.moments
        b = divide(self.slopes(d), self.spread)
        coef = np.zeros(m.p)
        with np.errstate(over="ignore", under="ignore"):
            coef[self.active] = b[0] * (m.unit[-1] / m.unit[self.active])
        return coef, self.intercept_of(*b, r0)

    def slopes(self, d: Array) -> Pair:
        """Return p + d."""
        about = self.expansion
        return add((about.point, about.point_low), (d, np.zeros(self.k)))

    def shortest(self, d: Array) -> Array:
        """Return d without the part of p + d that changes no fitted value."""
        if self.rank == self.k:
            return d
        return d - self.expansion.outside((self.expansion.point + d)[None])[0]

    def intercept_of(self, b: Array, b_low: Array | float = 0.0, r0: float = 0.0) -> float:
        """Return ȳ - x̄ᵀb + r0 in the user's units, from exact products summed with one rounding."""
        if not self.intercept:
            return 0.0
        m = self.moments
        mean = m.mean[self.active]
        high, low = two_product(mean, -b)
        rest = low - (mean * b_low + m.mean_low[self.active] * b)
        terms = (m.mean[-1], m.mean_low[-1], self.expansion.shift, r0)
        return math.fsum([*terms, *high, *rest]) * float(m.unit[-1])

    def displacement(self, coef: Array, intercept: float) -> tuple[Array, float]:
        """Return u - p (k,) of some coefficients, and the mean residual b₀ + x̄ᵀb - ȳ of their intercept."""
        about, m = self.expansion, self.moments
        still = np.setdiff1d(np.arange(m.p), self.active)
        intercept += float(coef[still] @ (m.mean[still] * m.unit[still]))
        b = coef[self.active] * (m.unit[self.active] / m.unit[-1])
        r0 = (intercept - self.intercept_of(b)) / float(m.unit[-1]) if self.intercept else 0.0
        high, low = add(two_product(b, self.spread), (-about.point, -about.point_low))
        return high + low, r0
