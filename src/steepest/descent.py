"""`descend`: the only loop in the house."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from steepest.certificate import Certificate, Yardstick
from steepest.methods.base import Method, Problem

Array = NDArray[np.float64]

PATIENCE = 50
"""Steps, beside two for every coordinate, without progress after which rounding has the last word."""


class Status(Enum):
    """Why a descent ended; the values are the words for users."""

    CONVERGED = "converged"
    OUT_OF_STEPS = "out of steps"
    PRECISION = "as close as the moments allow"
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
    """

    point: Array
    status: Status
    steps: int
    certificate: Certificate


def descend(
    problem: Problem,
    method: Method,
    start: Array,
    *,
    rate: float,
    yardstick: Yardstick,
    tol: float,
    max_iter: int,
) -> Descent:
    """Step until the certificate allows to stop.

    Parameters
    ----------
    problem : Problem
    method : Method
    start : (size,) array
    rate : float
        The learning rate; methods that choose their own ignore it.
    yardstick : Yardstick
        Turns gaps into standard errors.
    tol : float
        Distance to the exact answer that is close enough, in the yardstick's unit.
    max_iter : int
        Largest number of steps.
    """
    floor = yardstick.floor
    enough = max(tol - floor, yardstick.blur / 10) if math.isfinite(floor) else tol
    v, state = start, method.start(problem, start, rate)
    gap, steps = problem.gap(v), 0
    least, since = gap, 0
    while yardstick.distance(gap) > enough and steps < max_iter and since < PATIENCE + 2 * problem.size:
        new, state = method.step(problem, v, state)
        if not np.isfinite(new).all():
            return Descent(v, Status.DIVERGED, steps, yardstick.certificate(gap))
        v, gap, steps = new, problem.gap(new), steps + 1
        least, since = (gap, 0) if gap < least else (least, since + 1)
    certificate = yardstick.certificate(gap)
    if certificate.in_se <= tol:
        status = Status.CONVERGED
    elif steps == max_iter and yardstick.distance(gap) > enough:
        status = Status.OUT_OF_STEPS
    else:
        status = Status.PRECISION
    return Descent(v, status, steps, certificate)
