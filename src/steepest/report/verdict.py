"""What is to be said, and done, about a fit that is not the exact answer."""

from __future__ import annotations

import math

from steepest.descent import Status
from steepest.result import Fit

ONCE = (
    "moments are not precise enough for these data, whose rows cannot be read again:"
    " fit all of them at once, from arrays, a table or a file"
)

MOST = 10**9
"""Steps beyond which nobody is advised to take them."""

SLOWEST = 1 - 1e-12
"""A pace at which nothing is said of when it will be done."""


def advice(fit: Fit) -> str:
    """Return what to do about a fit that did not converge; nothing for one that did."""
    match fit.status:
        case Status.CONVERGED:
            return ""
        case Status.OUT_OF_STEPS:
            return f'{_more(fit)}, or choose method="newton"'
        case Status.PRECISION:
            return _rounding(fit)
        case Status.CIRCLING:
            return (
                "more epochs stir the same noise: take a smaller learning_rate or larger batches,"
                ' or choose method="newton"'
            )
        case Status.SLOW:
            return 'its steps are lost in their noise: use scale="standard", or choose method="newton"'
        case Status.DIVERGED:
            return _diverged(fit)
        case Status.OUT_OF_EPOCHS:
            return "more epochs or a smaller rate take it closer; LinearRegression goes all the way"
        case Status.STOPPED:
            if fit.early is not None:
                return "early_stopping=False goes all the way"
            return f'stopped as asked; {_more(fit)}, or choose method="newton"'


def _rounding(fit: Fit) -> str:
    if fit.bound.unit == "se" and fit.bound.floor <= fit.parameters.tol:
        return 'rounding swallows its steps: use scale="standard", or choose method="newton"'
    return "rounding in these data allows no better" if fit.repeatable else ONCE


def _diverged(fit: Fit) -> str:
    limits = fit.limits
    what = "choose a smaller learning_rate, or leave it out"
    if limits.factor is None or limits.largest_rate is None:
        return what
    return (
        f"each step multiplies the error by {limits.factor:.3g}: choose a learning_rate below"
        f" {limits.largest_rate:.3g} = {limits.formula}, or leave it out"
    )


def _more(fit: Fit) -> str:
    """Return how many more steps it takes: as is promised or, without a promise, at the pace of late."""
    promised, problem = fit.limits.steps, fit.problem
    if promised is not None and promised > fit.steps:
        return _taken(promised - fit.steps, f"{fit.step}s at most")
    enough = problem.yardstick.enough(problem.tolerance(fit.parameters.tol))
    missing = problem.yardstick.distance(fit.bound.gap) / (enough or math.nan)
    if fit.pace is None or not 1 < missing < math.inf or fit.pace > SLOWEST:
        return f"take more {fit.step}s (max_iter)"
    return _taken(math.ceil(-math.log(missing) / math.log(fit.pace)), f"{fit.step}s", "about ")


def _taken(steps: int, what: str, about: str = "") -> str:
    if steps > MOST:
        return f"more than {MOST:,} {what.split()[0]} are missing: take another scale"
    return f"take {about}{steps:,} more {what} (max_iter)"
