"""`descend`: the only loop in the house."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from steepest.certificate import Certificate, Yardstick
from steepest.methods.base import Limits, Method, Problem
from steepest.trace import Recorder, Row

Array = NDArray[np.float64]

PATIENCE = 50
"""Steps, beside two for every coordinate, without progress after which rounding has the last word."""

NOISE = 100
"""Multiples of the floor within which a gap that does not always fall may be stuck in rounding."""

EPOCHS = 10
"""Epochs without progress after which a stochastic method circles in its noise."""


FAR = 1.0
"""Distance from which a descent has not arrived, whatever its noise."""

FEWEST = 8
"""Rows of a trace that show a pace."""


class Status(Enum):
    """Why a descent ended; the values are the words for users."""

    CONVERGED = "converged"
    OUT_OF_STEPS = "out of steps"
    OUT_OF_EPOCHS = "out of epochs"
    PRECISION = "stopped by rounding"
    CIRCLING = "circling in its noise"
    SLOW = "hardly moving"
    STOPPED = "stopped as asked"
    DIVERGED = "diverged"


@dataclass(frozen=True, slots=True)
class Descent:
    """Where a descent ended, and why.

    Attributes
    ----------
    point : (size,) array
        In the coordinates of the problem.
    status : Status
    steps : int
    certificate : Certificate
    trace : tuple of Row
    radius : float or None
        Of a stochastic method: the root mean square distance of its later points, in the yardstick's unit.
    """

    point: Array
    status: Status
    steps: int
    certificate: Certificate
    trace: tuple[Row, ...]
    radius: float | None = None

    @property
    def pace(self) -> float | None:
        """What a step multiplied the distance by in the later half of the trace; None if unknown."""
        if len(self.trace) < FEWEST:
            return None
        middle, last = self.trace[len(self.trace) // 2], self.trace[-1]
        if not 0 < last.gap < middle.gap < math.inf:
            return None
        return math.exp(math.log(last.gap / middle.gap) / 2 / (last.iteration - middle.iteration))


Observer = Callable[[int, Array, float], bool]
"""Told the number of every step, its point and its gap; asks for the end by returning True."""


def descend(
    problem: Problem,
    method: Method,
    start: Array,
    *,
    limits: Limits,
    yardstick: Yardstick,
    tol: float,
    max_iter: int,
    exactly: bool = False,
    observe: Observer | None = None,
) -> Descent:
    """Step until the certificate allows to stop.

    Parameters
    ----------
    problem : Problem
    method : Method
    start : (size,) array
    limits : Limits
        Of the method on this problem, with the learning rate to use.
    yardstick : Yardstick
        Turns gaps into standard errors.
    tol : float
        Distance to the exact answer that is close enough, in the yardstick's unit.
    max_iter : int
        Largest number of steps.
    exactly : bool
        Whether to take all of them, wherever they lead.
    observe : callable, optional
    """
    enough = yardstick.enough(tol)
    v, state = start, method.start(problem, start, math.nan if limits.rate is None else limits.rate)
    gap, steps, status = problem.gap(v), 0, None
    trace = Recorder()
    progress = _Wandering(yardstick, gap) if method.stochastic else _Progress(problem, method, yardstick, gap)
    trace.add(0, v, gap, math.nan)
    with np.errstate(over="ignore", invalid="ignore"):
        while status is None and steps < max_iter and (exactly or yardstick.distance(gap) > enough):
            new, state = method.step(problem, v, state)
            new_gap = problem.gap(new)
            if not math.isfinite(new_gap):
                status = Status.DIVERGED
                break
            v, gap, steps = new, new_gap, steps + 1
            trace.add(steps, v, gap, state.rate)
            status = None if exactly or limits.beyond else progress.stuck(gap, state)
            if observe is not None and observe(steps, v, gap):
                status = Status.STOPPED
    trace.add(steps, v, gap, state.rate, last=True)
    certificate = yardstick.certificate(gap, exact=problem.smooth)
    if certificate.in_se <= tol:
        status = Status.CONVERGED
    elif status is None:
        if limits.beyond:
            status = Status.DIVERGED
        else:
            status = Status.OUT_OF_STEPS if yardstick.distance(gap) > enough else Status.PRECISION
    return Descent(v, status, steps, certificate, tuple(trace.rows), progress.radius)


class _Progress:
    """Tells a descent that is on its way from one that is stuck in rounding."""

    radius: float | None = None

    def __init__(self, problem: Problem, method: Method, yardstick: Yardstick, gap: float) -> None:
        falls = method.monotone and (problem.smooth or getattr(method, "finite", False))
        self._yardstick, self._monotone, self._least, self._since = yardstick, falls, gap, 0
        self._patience = PATIENCE + 2 * problem.size

    def stuck(self, gap: float, state: Any) -> Status | None:
        """Return why no further step will lead closer; None if one may."""
        self._since = 0 if gap < self._least else self._since + 1
        self._least = min(gap, self._least)
        if self._since < self._patience:
            return None
        near = self._monotone or self._yardstick.distance(gap) <= NOISE * self._yardstick.floor
        return Status.PRECISION if near else None


class _Wandering:
    """Tells a stochastic method that is on its way from one that circles in the noise of its batches.

    It is not when for some epochs neither its points have come closer nor their average has halved its gap:
    it hardly moves if the average is still far away, and about as far as the points; else it circles.
    """

    def __init__(self, yardstick: Yardstick, gap: float) -> None:
        self._yardstick, self._visited = yardstick, list[float]()
        self._closest, self._reference, self._since = math.inf, gap, 0

    def stuck(self, gap: float, state: Any) -> Status | None:
        """Return why no further epoch will lead closer; None if one may."""
        self._visited.append(state.wander)
        self._since += 1
        if state.wander < self._closest:
            self._closest, self._since = state.wander, 0
        if gap < self._reference / 2:
            self._reference, self._since = gap, 0
        if self._since < EPOCHS:
            return None
        far = state.settled > state.wander / 2 and self._yardstick.distance(state.settled) > FAR
        return Status.SLOW if far else Status.CIRCLING

    @property
    def radius(self) -> float | None:
        """The root mean square distance of the points of the later half of the epochs."""
        later = self._visited[len(self._visited) // 2 :]
        return self._yardstick.distance(float(np.mean(later))) if later else None
