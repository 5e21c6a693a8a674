"""The learning rate: the best one, or the user's own; refused before the first step if it cannot converge."""

from __future__ import annotations

import math

import numpy as np

from steepest.errors import DivergenceError, InputError
from steepest.methods.base import Limits, Method
from steepest.objective import Quadratic


def rate_of(learning_rate: float | str, method: Method, problem: Quadratic) -> float:
    """Return the learning rate to use; refuse one that cannot converge, before the first step."""
    limits = method.limits(problem)
    if limits is None:
        if learning_rate != "auto":
            raise InputError(
                "learning_rate",
                f"{method.title} chooses its own steps",
                'Leave it out, or choose method="gd"',
            )
        return math.nan
    if learning_rate == "auto":
        return limits.best_rate
    rate = float(learning_rate)
    if rate < limits.largest_rate:
        return rate
    other = _other_scale(problem, limits)
    raise DivergenceError(
        "learning_rate",
        f"{rate:g} is beyond the limit {limits.largest_rate:.3g} = 2/L (L = {limits.L:.4g}, the largest"
        f" curvature of these data): each step would multiply the error by {limits.factor(rate):.3g}",
        f"Leave learning_rate out (the best one, {limits.best_rate:.3g}, is then computed){other}",
        excerpt=_growth(method, problem, rate, limits),
    )


def _growth(method: Method, problem: Quadratic, rate: float, limits: Limits) -> tuple[str, ...]:
    """Return a picture of the rate beside its limit, and how the loss would grow over five steps."""
    v = problem.start
    state = method.start(problem, v, rate)
    losses = [problem.loss(v)]
    with np.errstate(all="ignore"):
        for _ in range(5):
            v, state = method.step(problem, v, state)
            losses.append(problem.loss(v))
    unit = float(problem.normal.moments.unit[-1])
    start, second, fifth = (losses[k] * unit * unit for k in (0, 2, 5))
    beyond = "-" * round(min(10 * (rate / limits.largest_rate - 1), 30))
    return (
        f"   0 ----- 1/L ----- 2/L {beyond}> {rate:g}",
        f"   loss {start:.4g} at the start, {second:.4g} after 2 steps, {fifth:.4g} after 5",
    )


def _other_scale(problem: Quadratic, limits: Limits) -> str:
    mu, L = Quadratic.of(problem.normal, "standard").spectrum()
    if L / mu > 0.99 * limits.condition:
        return ""
    return f', or use scale="standard" (condition number {limits.condition:.4g} -> {L / mu:.4g})'
