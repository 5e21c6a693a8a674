"""Accelerated proximal gradient descent."""

from __future__ import annotations

import math
from dataclasses import dataclass

from steepest.methods.base import Array, Limits, Problem, ends


@dataclass(frozen=True, slots=True)
class Momentous:
    """The point before the last step, the learning rate, and how far the momentum has grown."""

    previous: Array
    rate: float
    t: float = 1.0


@dataclass(frozen=True, slots=True)
class Fista:
    """z = v + (t - 1)/t' (v - v_prev),   v ← prox(z - η ∇f(z)),   t' = (1 + √(1 + 4t²))/2.

    The momentum grows step by step, and begins again from nothing when it points uphill: it needs to know the
    largest curvature alone, and goes through the kinks of an l1 penalty. η = 1/L is safe for every problem.

    References
    ----------
    Beck, Teboulle (2009), *A fast iterative shrinkage-thresholding algorithm for linear inverse problems*.
    O'Donoghue, Candès (2015), *Adaptive restart for accelerated gradient schemes*.
    """

    name = "fista"
    title = "fista"
    monotone = False
    stochastic = False
    proximal = True

    def limits(self, problem: Problem, rate: float | None) -> Limits:
        mu, L = ends(problem)
        used = 1 / L if rate is None else rate
        return Limits(L, mu, used, 4 / (3 * L), 1 / L, "4/(3L)")

    def start(self, problem: Problem, v: Array, rate: float) -> Momentous:
        return Momentous(v, rate)

    def step(self, problem: Problem, v: Array, state: Momentous) -> tuple[Array, Momentous]:
        grown = (1 + math.sqrt(1 + 4 * state.t**2)) / 2
        z = v + (state.t - 1) / grown * (v - state.previous)
        new = problem.prox(z - state.rate * problem.gradient(z), state.rate)
        uphill = (z - new) @ (new - v) > 0
        return new, Momentous(v, state.rate, 1.0 if uphill else grown)
