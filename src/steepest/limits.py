"""The limits of a method on a problem, known before the first step; a rate beyond them is refused."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from steepest.certificate import Yardstick
from steepest.errors import DivergenceError, InputError
from steepest.methods.base import Limits, Method
from steepest.objective import Quadratic
from steepest.spectrum import steps_until

STEEP = 1e13
"""Condition number beyond which the slowest steps are too short for their rounding to be told apart."""


def limits_of(
    learning_rate: float | str, method: Method, problem: Quadratic, *, smooth: bool = False
) -> Limits:
    """Return the limits of a method at a learning rate, or at the best one.

    Parameters
    ----------
    learning_rate : float or "auto"
    method : Method
    problem : Quadratic
    smooth : bool
        Whether ``"auto"`` is 1/L, at which no direction overshoots, rather than the fastest rate.

    Raises
    ------
    InputError
        If the method takes no learning rate.
    """
    rate = None if isinstance(learning_rate, str) else float(learning_rate)
    with np.errstate(over="ignore"):
        limits = method.limits(problem, rate)
        if smooth and rate is None and limits.rate is not None:
            limits = method.limits(problem, 1 / limits.L)
    if limits.rate is None and rate is not None:
        what = f"{method.title} chooses its own steps"
        raise InputError("learning_rate", what, 'Leave it out, or choose method="gd"')
    return limits if problem.smooth else replace(limits, guarantee=None)


def forecast(limits: Limits, gap: float, yardstick: Yardstick, tol: float) -> Limits:
    """Return the limits with the number of steps that are promised to lead from a gap to a tolerance."""
    distance = yardstick.distance(gap)
    lost = limits.path is not None and limits.condition > STEEP
    if limits.guarantee is None or lost or tol < yardstick.floor or not 0 < distance < math.inf:
        return limits
    return replace(limits, steps=steps_until(limits.guarantee, yardstick.enough(tol) / distance))


def refuse_divergence(limits: Limits, method: Method, problem: Quadratic, tol: float) -> None:
    """Raise `DivergenceError` for a learning rate that cannot converge, before the first step."""
    if not limits.beyond:
        return
    factor = "" if limits.factor is None else f" by {limits.factor:.3g}"
    raise DivergenceError(
        "learning_rate",
        f"{limits.rate:g} is beyond the limit {limits.largest_rate:.3g} = {limits.formula}"
        f" (L = {limits.L:.4g}, the largest curvature of these data): each step would multiply the error"
        f"{factor}",
        f"Leave learning_rate out (the best one, {limits.best_rate:.3g}, is then computed)"
        f"{_other_scale(problem, limits)}",
        excerpt=(*_growth(method, problem, limits), *_instead(method, problem, tol)),
    )


def _growth(method: Method, problem: Quadratic, limits: Limits) -> tuple[str, ...]:
    """Return a picture of the rate beside its limit, and how the loss would grow over five steps."""
    assert limits.rate is not None
    assert limits.largest_rate is not None
    v = problem.start
    losses = [problem.loss(v)]
    with np.errstate(all="ignore"):
        state = method.start(problem, v, limits.rate)
        for _ in range(5):
            v, state = method.step(problem, v, state)
            losses.append(problem.loss(v))
    unit = float(problem.normal.moments.unit[-1])
    start, second, fifth = (losses[k] * unit * unit for k in (0, 2, 5))
    beyond = "-" * round(min(10 * (limits.rate / limits.largest_rate - 1), 30))
    half = "1/L ----- " if limits.formula == "2/L" else ""
    return (
        f"   0 ----- {half}{limits.formula} {beyond}> {limits.rate:g}",
        f"   loss {start:.4g} at the start, {second:.4g} after 2 steps, {fifth:.4g} after 5",
    )


def _instead(method: Method, problem: Quadratic, tol: float) -> tuple[str, ...]:
    """Return what the best rate promises."""
    best = method.limits(problem, None)
    best = forecast(best, problem.gap(problem.start), problem.yardstick, problem.tolerance(tol))
    if best.rate is None or best.factor is None or best.steps is None:
        return ()
    return (f"   at {best.rate:.3g} the error times {best.factor:.4g} a step, {best.steps:,} steps at most",)


def _other_scale(problem: Quadratic, limits: Limits) -> str:
    other = Quadratic.of(problem.normal, "standard").eigenvalues()
    condition = float(other[-1] / other[0])
    if condition > 0.99 * limits.condition:
        return ""
    return f', or use scale="standard" (condition number {limits.condition:.4g} -> {condition:.4g})'
