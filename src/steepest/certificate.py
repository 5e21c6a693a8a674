"""The certificate: how far a result can still be from the exact answer, in standard errors.

With gap = f(w) - f(w*), W the total weight and s² the residual variance of the *exact* answer, the
Cauchy-Schwarz inequality in the metric of the Hessian gives, for every coefficient, the intercept and
every fitted mean θ at once,

    |θ - θ*| / se(θ)  <=  sqrt(2 W gap / s²).

What rounding has done to the moments themselves moves their own optimum by at most `floor`. Perturbing
H u = s (unit diagonal) by relative errors ε moves u by H⁻¹(δs - δH u), whose length in that metric is
at most ε (k + 1) max(|u|, sd(y)) / sqrt(λ_min(H)): first order in the condition number of the columns,
because standard errors grow along the weak directions too.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

ROUNDINGS = 8
"""How many roundings of the target's scale one entry of the moments is allowed to be off."""

NOISE = 1e3
"""A residual variance below so many of its own rounding errors is not known."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """How far a result can still be from the exact answer.

    Attributes
    ----------
    in_se : float
        Upper bound on the distance of every coefficient, in `unit`; `floor` included.
    gap : float
        f(w) - min f, in squared units of the target.
    exact : bool
        Whether `gap` was computed, or only bounded from above.
    floor : float
        The part of `in_se` that rounding leaves whatever the number of steps.
    unit : str
        ``"se"``, standard errors; or ``"sd(y)"`` where no standard error exists: then `in_se` bounds
        the root mean square distance of the fitted values.
    worst : float or None
        Distance of the coefficient furthest away, in standard errors.
    worst_name : str or None
    """

    in_se: float
    gap: float
    exact: bool
    floor: float
    unit: Literal["se", "sd(y)"]
    worst: float | None = None
    worst_name: str | None = None


@dataclass(frozen=True, slots=True)
class Yardstick:
    """Turns a gap of the objective into standard errors, or where there are none into sd(y).

    Attributes
    ----------
    scale : float
        One standard error, or sd(y): sqrt(2 gap) is divided by it.
    floor : float
        What rounding leaves, in the same unit.
    unit : str
    """

    scale: float
    floor: float
    unit: Literal["se", "sd(y)"]

    @classmethod
    def of(
        cls,
        *,
        freedom: int,
        residual: float,
        residual_error: float,
        variance: float,
        length: float,
        conditioning: float,
        columns: int,
        roundoff: float,
    ) -> Yardstick:
        """Make the yardstick of a problem.

        Parameters
        ----------
        freedom : int
            Residual degrees of freedom.
        residual, residual_error : float
            RSS/W of the exact answer, and what rounding may have changed in it.
        variance : float
            Weighted variance of the target (about zero without an intercept).
        length : float
            |u|, of the answer in unit-diagonal coordinates.
        conditioning : float
            At least 1/sqrt(λ_min) of the Hessian in these coordinates.
        columns : int
            Number of coordinates.
        roundoff : float
            Relative rounding error of the moments.
        """
        noise = ROUNDINGS * roundoff * (columns + 1) * max(length, math.sqrt(variance)) * conditioning
        if freedom > 0 and residual > NOISE * residual_error:
            se = math.sqrt((residual - residual_error) / freedom)
            return cls(se, noise / se, "se")
        sd = math.sqrt(variance)
        return cls(sd, noise / sd if sd else 0.0, "sd(y)")

    def distance(self, gap: float) -> float:
        """Return how far a point with this gap is from the optimum of the moments."""
        if gap == 0:
            return 0.0
        return math.sqrt(2 * gap) / self.scale if self.scale and gap > 0 else math.inf

    def certificate(self, gap: float, *, exact: bool = True) -> Certificate:
        """Return the certificate of a point with this gap."""
        return Certificate(self.distance(gap) + self.floor, gap, exact, self.floor, self.unit)
