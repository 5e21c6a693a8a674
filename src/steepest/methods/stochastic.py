"""What the stochastic methods share: epochs, batches, schedules and averages."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from steepest.checks import is_whole
from steepest.errors import InputError, choices
from steepest.methods.base import Array, Batch, Sample, check_number

SCHEDULES = ("constant", "invscaling", "adaptive")

SHRINK = 5.0
"""What the adaptive schedule divides the rate by."""

LOOKS = 16
"""Updates between two looks at the gap on the way through an epoch."""


@dataclass(slots=True)
class Tail:
    """Sums of the points since the last two powers of two of updates: a half to three quarters of all."""

    older: Array
    newer: Array
    older_points: int = 0
    newer_points: int = 0

    def add(self, update: int, point: Array) -> None:
        """Add the point after an update, counted from 1."""
        if update & (update - 1) == 0:
            self.older, self.older_points = self.newer, self.newer_points
            self.newer, self.newer_points = np.zeros_like(point), 0
        self.newer += point
        self.newer_points += 1

    @property
    def mean(self) -> Array:
        return (self.older + self.newer) / (self.older_points + self.newer_points)


@dataclass(frozen=True, slots=True)
class Visits:
    """Where a stochastic method is.

    Attributes
    ----------
    point : (size,) array
        The last of the points; the method's answer is their average, if it averages.
    eta, rate : float
        The learning rate before the schedule, and that of the last update.
    epoch, updates : int
    wander, settled : float
        Mean gap of the points of the last epoch, and the gap of the average of the later half.
    loss : float
        At the end of the best epoch.
    tail : Tail
    memory : object
        What the method carries from batch to batch.
    """

    point: Array
    eta: float
    rate: float
    epoch: int
    updates: int
    wander: float
    settled: float
    loss: float
    tail: Tail
    memory: Any


@dataclass(frozen=True, slots=True)
class Stochastic:
    """A method that looks at some rows at a time; a step is an epoch, which visits all of them.

    Parameters
    ----------
    batch_size : int, default=32
        Rows of a batch; 1 is stochastic gradient descent as in the textbook.
    average : bool, default=True
        Whether the answer is the average of the later half of the points (Polyak and Juditsky, 1992) or
        the last one.
    schedule : {"constant", "invscaling", "adaptive"}
        What becomes of the learning rate: it stays; it is divided by t^power_t at update t; or it is
        divided by 5 after an epoch that has not lowered the loss.
    power_t : float, default=0.5
        Of the schedule "invscaling".
    shuffle : bool, default=True
        Whether every epoch visits the rows in an order of its own; large data are shuffled in pieces.
    """

    batch_size: int = 32
    average: bool = True
    schedule: str = "constant"
    power_t: float = 0.5
    shuffle: bool = True

    monotone = False
    stochastic = True

    def __post_init__(self) -> None:
        kind = type(self).__name__
        if not is_whole(self.batch_size, 1):
            fix = "Pass a whole number of rows, 1 or more"
            raise InputError(f"{kind}(batch_size=)", f"got {self.batch_size!r}", fix, code="method")
        if self.schedule not in SCHEDULES:
            fix = choices(str(self.schedule), SCHEDULES)
            raise InputError(f"{kind}(schedule=)", f'unknown schedule "{self.schedule}"', fix, code="method")
        check_number(kind, "power_t", self.power_t, 0, 10)

    def start(self, problem: Sample, v: Array, rate: float) -> Visits:
        tail = Tail(np.zeros_like(v), np.zeros_like(v))
        gap, loss = problem.gap(v), problem.loss(v)
        return Visits(v, rate, math.nan, 0, 0, gap, gap, loss, tail, self._memory(v))

    def step(self, problem: Sample, v: Array, state: Visits) -> tuple[Array, Visits]:
        point, memory, t, rate = state.point, state.memory, state.updates, state.rate
        tail = replace(state.tail, newer=state.tail.newer.copy())
        gaps: list[float] = []
        for batch in problem.batches(self.batch_size, state.epoch, shuffle=self.shuffle):
            t += 1
            rate = self._rate(state.eta, t)
            point, memory = self._move(point, batch, rate, memory)
            tail.add(t, point)
            if t % LOOKS == 0:
                gaps.append(problem.gap(point))
        loss, wander = problem.loss(point), float(np.mean([*gaps, problem.gap(point)]))
        stuck = self.schedule == "adaptive" and not loss < state.loss
        eta, least = state.eta / (SHRINK if stuck else 1.0), min(loss, state.loss)
        settled = problem.gap(tail.mean)
        next_state = Visits(point, eta, rate, state.epoch + 1, t, wander, settled, least, tail, memory)
        return (tail.mean if self.average else point), next_state

    def _rate(self, eta: float, t: int) -> float:
        return eta / t**self.power_t if self.schedule == "invscaling" else eta

    def _memory(self, v: Array) -> Any:
        """Return what is carried to the first batch."""
        return None

    def _move(self, v: Array, batch: Batch, rate: float, memory: Any) -> tuple[Array, Any]:
        """Return the point after a batch, and what is carried to the next one."""
        raise NotImplementedError
