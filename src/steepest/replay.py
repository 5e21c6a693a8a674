"""Where a path of constant steps leads, without taking it; and where on it to stop."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from steepest.checks import is_whole
from steepest.descent import Descent, Status
from steepest.errors import InputError
from steepest.likelihood import likelihood
from steepest.methods.base import Limits
from steepest.normal import NormalEquations
from steepest.objective import Quadratic
from steepest.result import EarlyStop, Fit
from steepest.spectrum import Path, degrees_of_freedom, equivalent_ridge

Array = NDArray[np.float64]

TINY = 2.0**-1022
"""Numbers below have lost digits."""

LONGEST = 10**12
"""Steps that may be asked for."""

EVERY, GRID = 100_000, 1000
"""Numbers of steps that are all tried, and those beyond, evenly spaced on a logarithmic axis."""

BLOCK = 1 << 20
"""Shares of eigenvectors that are looked at together."""


def fit_of(problem: Quadratic, descent: Descent, **known: Any) -> Fit:
    """Return the fit that a descent led to; `known` are the other fields of `Fit`.

    Raises
    ------
    InputError
        Naming a coefficient that float64 cannot hold.
    """
    coef, intercept = problem.coefficients(descent.point)
    offset, mean_residual = problem.ended(descent.point)
    if descent.status is not Status.DIVERGED:
        _refuse_range(problem.normal, coef, offset)
    return Fit(
        coef=coef,
        intercept=intercept,
        offset=offset,
        mean_residual=mean_residual,
        problem=problem,
        status=descent.status,
        bound=descent.certificate,
        trace=descent.trace,
        pace=descent.pace,
        radius=descent.radius,
        **known,
    )


def at(fit: Fit, k: int) -> Fit:
    """Return the fit as it was, or would be, after k steps of its method: by the closed form of its path.

    Parameters
    ----------
    fit : Fit
    k : int
        From 0 to 10¹².

    Raises
    ------
    InputError
        If the steps of the method adapt, or lead beyond the range of float64.
    """
    if not (is_whole(k, 0) and k <= LONGEST):
        raise InputError("k", f"got {k!r}", f"Pass a whole number of steps from 0 to {LONGEST:g}")
    if not fit.problem.smooth:
        what = "a path through the kinks of a penalty has no closed form"
        raise InputError("at", what, "Fit with max_iter=k")
    problem, steps = fit.problem, _path(fit.limits, "at")
    start = problem.start if fit.began is None else fit.began
    point = _point(problem, steps, start, int(k))
    if not np.isfinite(point).all():
        raise InputError("k", f"after {k} steps the coefficients exceed float64", "Ask for fewer steps")
    certificate = problem.yardstick.certificate(problem.gap(point))
    reached = certificate.in_se <= problem.tolerance(fit.parameters.tol)
    status = Status.CONVERGED if reached else Status.DIVERGED if fit.limits.beyond else Status.OUT_OF_STEPS
    return fit_of(
        problem,
        Descent(point, status, int(k), certificate, ()),
        parameters=fit.parameters,
        method=fit.method,
        steps=int(k),
        counts=fit.counts,
        columns=fit.columns,
        repeatable=fit.repeatable,
        codes=fit.codes,
        began=fit.began,
    )


def stop(
    problem: Quadratic, limits: Limits, start: Array, criterion: str, most: int
) -> tuple[int, EarlyStop]:
    """Return after how many steps to stop, `most` at most, and what that amounts to.

    A step shrinks the error along every eigenvector by a known share; what is left after k steps, qⱼ, gives
    the effective degrees of freedom df = Σ (1 - qⱼ) (and one for an intercept that follows) and, without
    cancellation, RSS(k) = RSS* + 2 W gap(k). The best k is where a criterion is smallest:

        GCV(k) = (RSS/n) / (1 - df/n)²,    AIC(k) = 2 (df + 1) - 2 ℓ(k), sigma counted as in `inference`.

    References
    ----------
    Golub, Heath, Wahba (1979), *Generalized cross-validation as a method for choosing a good ridge
    parameter*.
    Yao, Rosasco, Caponnetto (2007), *On early stopping in gradient descent learning*.
    """
    n, m = problem.normal, problem.normal.moments
    steps = _path(limits, "early_stopping")
    if limits.beyond:
        raise InputError("early_stopping", "this learning rate diverges", "Leave learning_rate out")
    if criterion == "aic" and n.se is None:
        what = "AIC has no minimum where the residuals of least squares vanish"
        raise InputError("early_stopping", what, 'Choose "gcv", or fit with early_stopping=False')
    eigenvalues, V = problem.modes
    weights = eigenvalues * (V.T @ (start - problem.minimum)) ** 2
    profiled = n.intercept and not problem.free

    def measured(k: NDArray[np.int64]) -> tuple[Array, Array]:
        left = steps.after(k[:, None])
        return degrees_of_freedom(left) + profiled, n.residual + left**2 @ weights

    def criteria(k: NDArray[np.int64]) -> Array:
        df, rss = measured(k)
        if criterion == "aic":
            return 2 * df + m.rows * np.log(rss)
        room = 1 - df / m.rows
        return np.divide(rss, room**2, out=np.full_like(rss, math.inf), where=room > 0)

    k = _best(criteria, _candidates(min(most, LONGEST), len(eigenvalues)))
    (df,), (rss,) = (each.tolist() for each in measured(np.array([k])))
    if criterion == "aic":
        value = likelihood(m, rss * m.weight, df).aic
    else:
        total = rss * float(m.unit[-1]) ** 2 * m.weight * m.weight_unit
        value = total / m.rows / (1 - df / m.rows) ** 2
    return k, EarlyStop(criterion, value, df, equivalent_ridge(eigenvalues, df - profiled))


def _path(limits: Limits, where: str) -> Path:
    if limits.path is None:
        what = "the steps of this method have no closed form"
        raise InputError(where, what, 'Choose a method of constant steps: "gd", "momentum" or "nesterov"')
    return limits.path


def _point(problem: Quadratic, steps: Path, start: Array, k: int) -> Array:
    """Return the point after k steps."""
    if k == 0:
        return start
    V = problem.modes[1]
    with np.errstate(over="ignore", invalid="ignore"):
        return problem.minimum + V @ (steps.after(k) * (V.T @ (start - problem.minimum)))


def _candidates(most: int, m: int) -> Iterator[NDArray[np.int64]]:
    """Yield the numbers of steps to try, some at a time: all at first, then pairs of neighbours on a grid."""
    size = max(BLOCK // m, 1)
    every = min(most, EVERY)
    for start in range(0, every + 1, size):
        yield np.arange(start, min(start + size, every + 1))
    if most > every:
        grid = np.geomspace(every, most - 1, GRID).astype(np.int64)
        yield np.unique(np.concatenate([grid, grid + 1]))


def _best(criteria: Callable[[NDArray[np.int64]], Array], candidates: Iterable[NDArray[np.int64]]) -> int:
    """Return the number of steps whose criterion is smallest, the first of equals."""
    least, best = math.inf, 0
    for k in candidates:
        values = criteria(k)
        if values.min() < least:
            least, best = float(values.min()), int(k[values.argmin()])
    if math.isinf(least):
        what = "no number of steps leaves a degree of freedom"
        raise InputError("early_stopping", what, "Fit more rows, or fewer features")
    return best


def _refuse_range(normal: NormalEquations, coef: Array, offset: Array) -> None:
    """Raise `InputError` naming a coefficient that float64 cannot hold, or only with digits lost."""
    found = coef[normal.active]
    odd = ~(np.abs(found) >= TINY) | np.isinf(found)
    if not odd.any():
        return
    slopes = normal.slopes(offset)[0]
    lost = odd & (~np.isfinite(found) | ((np.abs(slopes) > 0) & (slopes != found)))
    if lost.any():
        name = normal.moments.names[int(normal.active[lost][0])]
        what = "its coefficient is beyond the range of float64"
        raise InputError(f"column {name!r}", what, "Measure it, or the target, in other units", code="range")
