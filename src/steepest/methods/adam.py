"""Adam: stochastic gradient steps of a length of their own in every coordinate."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from steepest.methods.base import Array, Batch, Limits, Problem, check_number, ends
from steepest.methods.stochastic import Stochastic


@dataclass(frozen=True, slots=True)
class Averages:
    """Running averages of gradients and of their squares, and the weights of the zeros that they began at."""

    gradient: Array
    square: Array
    bias: tuple[float, float] = (1.0, 1.0)


@dataclass(frozen=True, slots=True)
class Adam(Stochastic):
    """m ← β₁ m + (1 - β₁) g,   s ← β₂ s + (1 - β₂) g²,   v ← v - η m̂ / √ŝ, coordinate by coordinate.

    m̂ and ŝ are m and s freed of the zeros that they began at. Steps are about as long as η, whatever the
    gradient: they do not grow, but they shrink only as the learning rate does. The ε that others add to √ŝ
    is left out, so that the path does not depend on the units of the target.

    ``learning_rate="auto"`` is a hundredth of the root mean square of the target over that of the largest
    column, in the coordinates of the descent.

    Parameters
    ----------
    batch_size, average, schedule, power_t, shuffle : as in `Stochastic`
        The schedule is "constant" by default.
    beta1, beta2 : float, default=0.9 and 0.999
        Shares of the averages that are kept, from 0 up to, not including, 1.

    References
    ----------
    Kingma, Ba (2015), *Adam: a method for stochastic optimization*.
    """

    beta1: float = 0.9
    beta2: float = 0.999

    name = "adam"
    title = "Adam"

    def __post_init__(self) -> None:
        Stochastic.__post_init__(self)
        check_number("Adam", "beta1", self.beta1, 0, 1)
        check_number("Adam", "beta2", self.beta2, 0, 1)

    def limits(self, problem: Problem, rate: float | None) -> Limits:
        mu, L = ends(problem)
        size = math.sqrt(2 * problem.loss(problem.start) / float(problem.diagonal().max(initial=1e-300)))
        best = 0.01 * size or 0.01
        why = "steps are as long as the rate, whatever the gradient"
        return Limits(L, mu, best if rate is None else rate, best_rate=best, formula=why)

    def _memory(self, v: Array) -> Averages:
        return Averages(np.zeros_like(v), np.zeros_like(v))

    def _move(self, v: Array, batch: Batch, rate: float, memory: Averages) -> tuple[Array, Averages]:
        g = batch.downhill(v) / -len(batch.target)
        m = self.beta1 * memory.gradient + (1 - self.beta1) * g
        s = self.beta2 * memory.square + (1 - self.beta2) * g * g
        left = self.beta1 * memory.bias[0], self.beta2 * memory.bias[1]
        size = np.sqrt(s / (1 - left[1]))
        step = np.divide(m / (1 - left[0]), size, out=np.zeros_like(v), where=size > 0)
        return v - rate * step, Averages(m, s, left)
