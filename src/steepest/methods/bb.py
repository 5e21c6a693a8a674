"""The step lengths of Barzilai and Borwein."""

from __future__ import annotations

import math
from dataclasses import dataclass

from steepest.methods.base import Array, Limits, Problem, ends

RATIO = 0.5
"""Ratio of the short to the long length below which the short one is taken."""

MEMORY = 4
"""Short lengths that are remembered: the smallest of them is taken."""


@dataclass(frozen=True, slots=True)
class Lengths:
    """Gradients here and before the last step, the length of that step, and the last short lengths."""

    gradient: Array
    previous: Array | None = None
    rate: float = math.nan
    short: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class BB:
    """v ← v - η g with a length from the step s and the change y of the gradient before it.

        long  sᵀs / sᵀy,    short  sᵀy / yᵀy

    The long one is taken, unless the two differ much: then the smallest of the last short ones. The first
    step is that of steepest descent. The gap does not fall in every step, and no factor is guaranteed, but
    convergence is.

    References
    ----------
    Barzilai, Borwein (1988), *Two-point step size gradient methods*.
    Raydan (1993), *On the Barzilai and Borwein choice of steplength for the gradient method* (convergence).
    Frassoldati, Zanni, Zanghirati (2008), *New adaptive stepsize selections in gradient methods* (choice).
    """

    name = "bb"
    title = "Barzilai-Borwein"
    monotone = False
    stochastic = False

    def limits(self, problem: Problem, rate: float | None) -> Limits:
        mu, L = ends(problem)
        return Limits(L, mu)

    def start(self, problem: Problem, v: Array, rate: float) -> Lengths:
        return Lengths(problem.gradient(v))

    def step(self, problem: Problem, v: Array, state: Lengths) -> tuple[Array, Lengths]:
        g, p, short = state.gradient, state.previous, state.short
        if p is None:
            rate = float(g @ g) / (problem.curvature(g) or math.inf)
        else:
            y = g - p
            turned, changed = -float(p @ y), float(y @ y)
            if not turned > 0:
                return v, state
            long = state.rate * float(p @ p) / turned
            short = (*short, state.rate * turned / changed)[-MEMORY:]
            rate = min(short) if short[-1] < RATIO * long else long
        new = v - rate * g
        return new, Lengths(problem.gradient(new), g, rate, short)
