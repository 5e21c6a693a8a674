"""The certificate: how far a result can still be from the exact answer, in standard errors.

With gap = f(w) - f(w*), W the total weight and s² the residual variance of the *exact* answer, the
Cauchy-Schwarz inequality in the metric of the Hessian gives, for every coefficient, the intercept and
every fitted mean θ at once,

    |θ - θ*| / se(θ)  <=  sqrt(2 W gap / s²).

What rounding has done to the moments themselves moves their own optimum by at most `floor`. Perturbing
H u = s (unit diagonal) by relative errors ε moves u by H⁻¹(δs - δH u), whose length in that metric is of
the order of ε max(|u|, sd(y)) / sqrt(λ_min(H)): first order in the condition number of the columns, because
standard errors grow along the weak directions too. Reading each coefficient as a float64 number is part of
`floor`; what that does to a fitted mean far from the origin is not, being a matter of how it is evaluated.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Certificate:
    """How far a result can still be from the exact answer.

    Attributes
    ----------
    in_se : float
        Upper bound on the distance of every coefficient, in `unit`; `floor` included. Below full rank it
        covers fitted means, and coefficients that the data determine.
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
        s/sqrt(W), or sd(y): sqrt(2 gap) is divided by it.
    floor : float
        What rounding leaves, in the same unit.
    unit : str
    slack : float
        Share of a distance by which rounding may have changed it.
    blur : float
        The part of `floor` that hides the last steps: what is not due to writing the coefficients.
    """

    scale: float
    floor: float
    unit: Literal["se", "sd(y)"]
    slack: float = 0.0
    blur: float = 0.0

    def distance(self, gap: float) -> float:
        """Return how far a point with this gap is from the optimum of the moments."""
        if gap == 0:
            return 0.0
        return math.sqrt(2 * gap) * (1 + self.slack) / self.scale if self.scale and gap > 0 else math.inf

    def enough(self, tol: float) -> float:
        """Return the distance from the optimum of the moments at which a tolerance is reached."""
        return max(tol - self.floor, self.blur / 10) if math.isfinite(self.floor) else tol

    def certificate(self, gap: float, *, exact: bool = True) -> Certificate:
        """Return the certificate of a point with this gap."""
        return Certificate(self.distance(gap) + self.floor, gap, exact, self.floor, self.unit)
