"""Gradient descent with momentum: the heavy ball."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from steepest.methods.base import Array, Limits, Problem, check_number, ends
from steepest.spectrum import Recurrence


@dataclass(frozen=True, slots=True)
class Rolling:
    """The point before the last step, the learning rate, and those of the first step and of momentum."""

    previous: Array | None
    rate: float
    first: float
    beta: float


@dataclass(frozen=True, slots=True)
class Momentum:
    """v ← v - η ∇f(v) + β (v - v_prev), the heavy ball.

    With a constant β the error along an eigenvector obeys eₖ₊₁ = (1 + β - ηλ) eₖ - β eₖ₋₁: it converges for
    η < 2(1 + β)/L, best for η = 2(1 + β)/(L + mu). It may grow before it shrinks.

    ``beta="auto"`` is the fastest of all, √β = (√L - √mu)/(√L + √mu) with η = (1 + √β)²/L, whose error
    shrinks by √β; its first step is that of gradient descent with η = 2/(L + mu), which keeps the error from
    growing.
    With a learning rate given, β is the best for that rate, and every rate below 4/L converges.

    Parameters
    ----------
    beta : float or "auto", default="auto"
        Share of the last step that is repeated, from 0 up to, not including, 1.

    References
    ----------
    Polyak (1964), *Some methods of speeding up the convergence of iteration methods*.
    Golub, Varga (1961), *Chebyshev semi-iterative methods, successive overrelaxation iterative methods, and
    second order Richardson iterative methods* (the first step).
    """

    beta: float | str = "auto"

    name = "momentum"
    title = "heavy ball"
    monotone = False
    stochastic = False

    def __post_init__(self) -> None:
        if self.beta != "auto":
            check_number("Momentum", "beta", self.beta, 0, 1)

    def limits(self, problem: Problem, rate: float | None) -> Limits:
        mu, L = ends(problem)
        eigenvalues = problem.eigenvalues()
        if isinstance(self.beta, str):
            largest, best, formula = 4 / L, 4 / (math.sqrt(L) + math.sqrt(mu)) ** 2, "4/L"
        else:
            largest, best = 2 * (1 + self.beta) / L, 2 * (1 + self.beta) / (L + mu)
            formula = f"2(1+b)/L with b = {self.beta:g}"
        used = best if rate is None else rate
        pull, rest = used * eigenvalues, self._rest(used, mu, L)
        root = 1 - rest
        steps = Recurrence(
            pull,
            now=1 + root * root - pull,
            before=np.full_like(pull, -root * root),
            drift=rest * (1 + root) / 2 + pull / 2 - self._first(used, mu, L) * eigenvalues,
            D=(rest * rest - pull) * ((1 + root) ** 2 - pull),
        )
        return Limits(L, mu, used, largest, best, formula, steps)

    def start(self, problem: Problem, v: Array, rate: float) -> Rolling:
        mu, L = ends(problem)
        return Rolling(None, rate, self._first(rate, mu, L), (1 - self._rest(rate, mu, L)) ** 2)

    def step(self, problem: Problem, v: Array, state: Rolling) -> tuple[Array, Rolling]:
        if state.previous is None:
            new = v - state.first * problem.gradient(v)
        else:
            new = v - state.rate * problem.gradient(v) + state.beta * (v - state.previous)
        return new, Rolling(v, state.rate, state.first, state.beta)

    def _rest(self, rate: float, mu: float, L: float) -> float:
        """Return 1 - √β."""
        if not isinstance(self.beta, str):
            return (1 - self.beta) / (1 + math.sqrt(self.beta))
        slow, fast = math.sqrt(rate * mu), math.sqrt(rate * L)
        return slow if abs(1 - slow) >= abs(1 - fast) else 2 - fast

    def _first(self, rate: float, mu: float, L: float) -> float:
        """Return the learning rate of the first step."""
        return min(rate, 2 / (L + mu)) if isinstance(self.beta, str) else rate
