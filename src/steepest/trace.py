"""What a descent leaves behind: every step of the first few hundred, then fewer and fewer."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

EVERY = 256
"""Steps that are all kept."""

SPARSER = 1.02
"""Ratio of the numbers of two steps that are kept after them."""


class Row(NamedTuple):
    """One point of a descent.

    Attributes
    ----------
    iteration : int
        Steps taken to get there.
    point : (size,) array
    gap : float
        f(point) - min f.
    rate : float
        The learning rate of the step that led there; NaN at the start.
    seconds : float
        Since the start.
    """

    iteration: int
    point: Array
    gap: float
    rate: float
    seconds: float


@dataclass(slots=True)
class Recorder:
    """Collects the rows of a descent; the first and the last are always among them."""

    rows: list[Row] = field(default_factory=list[Row])
    _started: float = field(default_factory=time.perf_counter)
    _next: int = 0

    def add(self, iteration: int, point: Array, gap: float, rate: float, *, last: bool = False) -> None:
        """Keep a point, if its turn has come or it is the last."""
        if iteration < self._next and not last:
            return
        if not (self.rows and self.rows[-1].iteration == iteration):
            self.rows.append(Row(iteration, point, gap, rate, time.perf_counter() - self._started))
        self._next = iteration + 1 if iteration < EVERY else math.ceil(iteration * SPARSER)
