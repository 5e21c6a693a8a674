"""`Penalty`: what is added to the sum of squares, coefficient by coefficient."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Penalty:
    """Σ λⱼ|uⱼ| + ½ Σ ρⱼuⱼ², and infinity where a coefficient that must not be negative is.

    Attributes
    ----------
    l1 : (k,) array
        λ, in units of the gradient of the objective.
    l2 : (k,) array
        ρ, in units of its curvature.
    positive : bool
        Whether no coefficient may be negative.

    References
    ----------
    Zou, Hastie (2005), *Regularization and variable selection via the elastic net*, Journal of the Royal
    Statistical Society B 67.
    Beck, Teboulle (2009), *A fast iterative shrinkage-thresholding algorithm for linear inverse problems*,
    SIAM Journal on Imaging Sciences 2.
    """

    l1: Array
    l2: Array
    positive: bool = False

    def times(self, alpha: float) -> Penalty:
        """Return the penalty of another strength."""
        return Penalty(alpha * self.l1, alpha * self.l2, self.positive)

    @cached_property
    def smooth(self) -> bool:
        """Whether it has no kink, and no edge."""
        return not (self.positive or self.l1.any())

    @cached_property
    def kinked(self) -> NDArray[np.bool_]:
        """The coefficients (k,) that it can hold at zero."""
        return (self.l1 > 0) | self.positive

    def value(self, u: Array) -> float:
        """Return the penalty of coefficients (k,), but for those that may not be."""
        return float(self.l1 @ np.abs(u) + self.l2 @ (u * u) / 2)

    def prox(self, u: Array, step: Array) -> Array:
        """Return the minimum (k,) of Σ λⱼ|xⱼ| + ½ Σ (xⱼ - uⱼ)²/stepⱼ: soft thresholding."""
        shrunk = np.maximum(np.abs(u) - step * self.l1, 0.0)
        return np.where(u > 0, shrunk, 0.0) if self.positive else np.copysign(shrunk, u)

    def pull(self, u: Array, g: Array) -> Array:
        """Return the subgradient (k,) of least length at u, where the smooth part has the gradient g."""
        if self.positive:
            down = g + self.l1
            return np.where(u > 0, down, np.minimum(down, 0.0))
        at_zero = np.copysign(np.maximum(np.abs(g) - self.l1, 0.0), g)
        return np.where(u != 0, g + np.copysign(self.l1, u), at_zero)

    def gap(self, u: Array, g: Array, squares: float) -> float:
        """Return the duality gap at u, which bounds how far the objective is above its minimum.

        The residuals, shrunk by κ until no correlation exceeds its λ, are a point of the dual problem. No two
        large numbers are subtracted:  gap = ½ (1 - κ)² |r|² + Σ (λⱼ|uⱼ| + κ gⱼuⱼ).

        Parameters
        ----------
        u : (k,) array
        g : (k,) array
            The gradient of the smooth part, ridge included.
        squares : float
            |r|²: of the residuals, and of the √ρⱼ uⱼ.
        """
        against = np.maximum(-g, 0.0) if self.positive else np.abs(g)
        beyond = against > self.l1
        share = float((self.l1[beyond] / against[beyond]).min(initial=1.0))
        return (1 - share) ** 2 * squares / 2 + max(float(self.l1 @ np.abs(u) + share * (g @ u)), 0.0)


def penalty_of(
    alpha: float, l1_ratio: float, factors: Array, scale: Array, unit: float, *, positive: bool
) -> Penalty:
    """Return α (l1_ratio Σ fⱼ|bⱼ| + (1 - l1_ratio)/2 Σ fⱼbⱼ²) as a penalty of u, with b = scale · u.

    Parameters
    ----------
    alpha, l1_ratio : float
    factors : (k,) array
        f.
    scale : (k,) array
        The coefficients in the user's units that belong to u = 1.
    unit : float
        Of the target: the objective is in squares of it.
    positive : bool
    """
    size = scale / unit
    l1, l2 = (share * (alpha * factors) * size for share in (l1_ratio, 1 - l1_ratio))
    return Penalty(l1 / unit, l2 * size, positive)
