"""`Quadratic`: the least-squares objective in the coordinates of the descent; no row is seen from here."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from steepest.certificate import Yardstick
from steepest.errors import InputError, choices
from steepest.expansion import Expansion
from steepest.normal import NormalEquations

Array = NDArray[np.float64]

EXACT_FIT = 1e-10
"""Distance in sd(y) from which residuals too small to be measured may be called an exact fit."""

LOST = 1e-6
"""Share of the largest singular value below which the smallest has too few digits."""

SCALES = ("auto", "standard", "center", "none")


def check_scale(scale: object) -> None:
    """Raise `InputError` if there is no scale of that name."""
    if scale not in SCALES:
        raise InputError("scale", f'unknown scale "{scale}"', choices(str(scale), SCALES))


@dataclass(frozen=True)
class Quadratic:
    """f(v) = ½ Σ wᵢ (yᵢ - b₀ - xᵢᵀb)² / W in coordinates v of the descent.

    ============  =========================================================================
    ``scale``     v
    ============  =========================================================================
    ``standard``  b times the root mean square of each column (about its mean); b₀ follows
    ``center``    b; b₀ follows, as the best one for b
    ``none``      (b₀, b): the intercept is a coordinate like the others
    ============  =========================================================================

    ``auto`` is ``standard``. Without an intercept nothing is centred. The optimum is the same in
    all of them, but the curvature, and with it the path and the limits of the learning rate, is not.

    Columns are in units of the moments: the user's own, unless they lie beyond 2^±100.

    Attributes
    ----------
    normal : NormalEquations
    stretch : (k,) array
        Unit-diagonal coordinates u = stretch · v of the coefficients.
    free : bool
        Whether the intercept is a coordinate of its own, the first.
    """

    normal: NormalEquations
    stretch: Array
    free: bool
    smooth: ClassVar[bool] = True

    @classmethod
    def of(cls, normal: NormalEquations, scale: str = "auto") -> Quadratic:
        """Choose the coordinates."""
        check_scale(scale)
        if scale in ("auto", "standard"):
            return cls(normal, np.ones(normal.k), free=False)
        return cls(normal, normal.spread, free=scale == "none" and normal.intercept)

    @property
    def size(self) -> int:
        return self.normal.k + self.free

    @cached_property
    def about(self) -> Expansion:
        """What is known of the objective of u."""
        return self.normal.expansion

    @cached_property
    def step(self) -> Array:
        """The exact answer, less the point of `about`, (k,)."""
        return self.normal.step

    @property
    def answer(self) -> Array | None:
        """`step`, or None if the answer can only be approached."""
        return self.step

    @property
    def start(self) -> Array:
        """The coordinates (size,) where every coefficient is zero, and a free intercept too."""
        v = -self.about.point / self.stretch
        return np.append(0.0, v) if self.free else v

    @property
    def reached(self) -> Array:
        """The coordinates (size,) that steps on the rows led to; the start, if there were none."""
        return self.minimum if self.about.passes else self.start

    def coefficients(self, v: Array) -> tuple[Array, float]:
        """Return the coefficients (p,) and the intercept in the user's units."""
        return self.normal.coefficients(*self.ended(v))

    def ended(self, v: Array) -> tuple[Array, float]:
        """Return u - p and r₀ of a result: below full rank of the shortest u with its fitted values."""
        d, r0 = self.split(v)
        return self.normal.shortest(d), r0

    @cached_property
    def yardstick(self) -> Yardstick:
        """Turns gaps into standard errors."""
        return yardstick_of(self.normal, self.about)

    def tolerance(self, tol: float) -> float:
        """Return the distance that is close enough: `tol`, or every coefficient exact up to its rounding."""
        n, yardstick = self.normal, self.yardstick
        exact_fit = n.se is None and n.freedom > 0 and n.t > 0
        least = yardstick.floor + n.written / yardstick.scale if tol and n.exact else 0.0
        return max(min(tol, EXACT_FIT) if exact_fit else tol, least)

    def loss(self, v: Array) -> float:
        return self.gap(v) + self.normal.residual / 2

    def gradient(self, v: Array) -> Array:
        d, r0 = self.split(v)
        g = self.about.slope(d)
        if self.free:
            return np.append(r0, self.stretch * (g + r0 * self.normal.center))
        return self.stretch * g

    def curvature(self, d: Array) -> float:
        u = self.stretch * d[self.free :]
        mean = float(d[0] + self.normal.center @ u) if self.free else 0.0
        e = self.about.factor @ u
        return float(e @ e) + mean * mean

    def newton(self, v: Array, rate: float) -> Array:
        return v - rate * self.solve(self.gradient(v))

    def prox(self, v: Array, step: float) -> Array:
        return v

    def gap(self, v: Array) -> float:
        d, r0 = self.split(v)
        e = self.about.factor @ (d - self.step)
        return float(e @ e) / 2 + r0 * r0 / 2

    def diagonal(self) -> Array:
        d = self.stretch**2
        return np.append(1.0, d * (1 + self.normal.center**2)) if self.free else d

    def solve(self, g: Array) -> Array:
        """Return the Newton direction; with a free intercept by block elimination about the means."""
        if not self.free:
            return self.about.solve(g / self.stretch) / self.stretch
        u = self.about.solve(g[1:] / self.stretch - g[0] * self.normal.center)
        return np.append(g[0] - self.normal.center @ u, u / self.stretch)

    def eigenvalues(self) -> Array:
        return self._eigenvalues

    @cached_property
    def _eigenvalues(self) -> Array:
        if not self.size:
            return np.ones(1)
        return self._squares(np.linalg.svd(self._root, compute_uv=False))

    @cached_property
    def modes(self) -> tuple[Array, Array]:
        """The positive eigenvalues (m,) of H, ascending, and their eigenvectors (size, m)."""
        if not self.size:
            return np.ones(1), np.zeros((0, 1))
        lengths, V = np.linalg.svd(self._root, full_matrices=False)[1:]
        return self._squares(lengths), V[::-1].T

    def _squares(self, lengths: NDArray[Any]) -> Array:
        """Return the eigenvalues, ascending, of the singular values of `_root`.

        In coordinates whose units are far apart the smallest is lost in the rounding of the largest: it is
        then that of the inverse.
        """
        n, about = self.normal, self.about
        least = float(lengths[0]) * self.size * n.unit_roundoff
        if lengths[-1] < LOST * lengths[0] and len(about.root) == n.k:
            inverse = about.root.T / self.stretch[:, None]
            if self.free:
                first = np.append(-about.middle, 1.0)
                inverse = np.vstack([first, np.column_stack([inverse, np.zeros(n.k)])])
            least = 1 / float(np.linalg.norm(inverse, 2))
            lengths = np.append(lengths[:-1], least)
        return np.maximum(lengths, min(least, lengths[0]))[::-1] ** 2

    @property
    def _root(self) -> Array:
        """A (rank, size) with H = AᵀA: its singular values have digits that those of H have lost."""
        n = self.normal
        A = self.about.factor * self.stretch
        if not self.free:
            return A
        corner = np.append(1.0, n.center * self.stretch)
        return np.vstack([np.column_stack([np.zeros(len(A)), A]), corner])

    @property
    def minimum(self) -> Array:
        """The coordinates (size,) of the exact answer."""
        return self._joined(self.step, 0.0)

    def coordinates(self, coef: Array, intercept: float) -> Array:
        """Return the coordinates (size,) of coefficients (p,) and an intercept in the user's units."""
        return self._joined(*self.normal.displacement(coef, intercept))

    def split(self, v: Array) -> tuple[Array, float]:
        """Return u - p, and the mean residual r₀ of a free intercept."""
        if not self.free:
            return self.stretch * v, 0.0
        d = self.stretch * v[1:]
        return d, float(v[0]) - self._best_intercept(d)

    def _joined(self, d: Array, r0: float) -> Array:
        """Return the coordinates (size,) of u - p and a mean residual: the inverse of `split`."""
        v = d / self.stretch
        return np.append(self._best_intercept(d) + r0, v) if self.free else v

    def _best_intercept(self, d: Array) -> float:
        """Return the best intercept for p + d, in units of the moments."""
        n = self.normal
        return n.y_mean + self.about.shift - float(n.center @ (self.about.point + d))


def yardstick_of(normal: NormalEquations, about: Expansion) -> Yardstick:
    """Return what turns gaps into standard errors of least squares.

    It has no floor to stand on where dependence is in doubt; where a ridge settles that there is one, but the
    standard errors are not known.

    Parameters
    ----------
    normal : NormalEquations
    about : Expansion
        Of the objective, whose rounding errors count.
    """
    noise = math.inf if about.doubtful else about.error + normal.writing
    se = normal.se if about.doubtful or not normal.expansion.doubtful else None
    scale = se if se is not None else math.sqrt(normal.t) or abs(normal.y_mean) or 1.0
    unit = "sd(y)" if se is None else "se"
    return Yardstick(scale, noise / scale, unit, about.slack, about.error / scale)
