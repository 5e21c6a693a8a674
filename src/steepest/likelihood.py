"""The Gaussian likelihood of a fit: maximising it is minimising the sum of squares.

With independent errors εᵢ ~ N(0, σ²/wᵢ) the log-likelihood of n rows is

    ℓ(b, σ²) = ½ Σ log wᵢ - n/2 log(2π σ²) - RSS(b) / (2σ²),

which for every σ² is largest where RSS(b) is smallest, and then over σ² at RSS/n.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from steepest.moments import Moments


@dataclass(frozen=True, slots=True)
class Likelihood:
    """Log-likelihood and information criteria, which count sigma as a parameter (as R does).

    Attributes
    ----------
    loglik, aic, bic : float
    """

    loglik: float
    aic: float
    bic: float


def likelihood(moments: Moments, rss: float, parameters: float) -> Likelihood:
    """Return the likelihood at a residual sum of squares.

    Parameters
    ----------
    moments : Moments
    rss : float
        Weighted residual sum of squares in the units of the moments.
    parameters : float
        Degrees of freedom that the coefficients spend, the intercept included: their number, if all are free.
    """
    n = moments.rows
    if rss <= 0:
        return Likelihood(math.inf, -math.inf, -math.inf)
    log_rss = math.log(rss) + 2 * math.log(moments.unit[-1]) + math.log(moments.weight_unit)
    loglik = moments.sum_log_weight / 2 - n / 2 * (math.log(2 * math.pi / n) + log_rss + 1)
    free = parameters + 1
    return Likelihood(loglik, 2 * free - 2 * loglik, math.log(n) * free - 2 * loglik)
