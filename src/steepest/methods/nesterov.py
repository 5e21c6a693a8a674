"""Gradient descent with Nesterov's momentum: the gradient is taken ahead of the point."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from steepest.methods.base import Array, Limits, Problem, check_number, ends
from steepest.spectrum import Recurrence


@dataclass(frozen=True, slots=True)
class Ahead:
    """The point before the last step, the learning rate and the momentum."""

    previous: Array
    rate: float
    beta: float


@dataclass(frozen=True, slots=True)
class Nesterov:
    """z = v + β (v - v_prev),   v ← prox(z - η ∇f(z)).

    With a constant β the error along an eigenvector obeys eₖ₊₁ = (1 - ηλ) ((1 + β) eₖ - β eₖ₋₁): it converges
    for η < (2 + 2β)/((1 + 2β) L). The best rate is found where the fastest and the slowest eigenvector agree.

    ``beta="auto"`` is the fastest on quadratics, η = 4/(3L + mu) with β = (√(3κ + 1) - 2)/(√(3κ + 1) + 2),
    whose error shrinks by 1 - 2/√(3κ + 1). With a learning rate given, β = (1 - √(η mu))/(1 + √(η mu)).

    Parameters
    ----------
    beta : float or "auto", default="auto"
        Share of the last step that is repeated, from 0 up to, not including, 1.

    References
    ----------
    Nesterov (1983), *A method for solving the convex programming problem with convergence rate O(1/k²)*.
    Lessard, Recht, Packard (2016), *Analysis and design of optimization algorithms via integral quadratic
    constraints*, proposition 1.
    """

    beta: float | str = "auto"

    name = "nesterov"
    title = "Nesterov momentum"
    monotone = False
    stochastic = False

    def __post_init__(self) -> None:
        if self.beta != "auto":
            check_number("Nesterov", "beta", self.beta, 0, 1)

    def limits(self, problem: Problem, rate: float | None) -> Limits:
        mu, L = ends(problem)
        best = 4 / (3 * L + mu) if isinstance(self.beta, str) else self._best(self.beta, mu, L)
        used = best if rate is None else rate
        q = self._ratio(used, mu)
        b = (1 - q) / (1 + q)
        formula = f"(2+2b)/((1+2b)L) with b = {b:.4g}"
        steps = _recurrence(used * problem.eigenvalues(), q)
        return Limits(L, mu, used, (2 + 2 * b) / ((1 + 2 * b) * L), best, formula, steps)

    def start(self, problem: Problem, v: Array, rate: float) -> Ahead:
        q = self._ratio(rate, ends(problem)[0])
        return Ahead(v, rate, (1 - q) / (1 + q))

    def step(self, problem: Problem, v: Array, state: Ahead) -> tuple[Array, Ahead]:
        z = v + state.beta * (v - state.previous)
        new = problem.prox(z - state.rate * problem.gradient(z), state.rate)
        return new, Ahead(v, state.rate, state.beta)

    def _ratio(self, rate: float, mu: float) -> float:
        """Return (1 - β)/(1 + β)."""
        if not isinstance(self.beta, str):
            return (1 - self.beta) / (1 + self.beta)
        return math.sqrt(min(rate * mu, 1.0))

    @staticmethod
    def _best(beta: float, mu: float, L: float) -> float:
        """Return the rate at which the largest and the smallest eigenvalue give the same factor."""

        def factor(pull: float) -> float:
            return _recurrence(np.array([pull]), (1 - beta) / (1 + beta)).factor

        low, high = 1 / L, (2 + 2 * beta) / ((1 + 2 * beta) * L)
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (middle, high) if factor(middle * L) < factor(middle * mu) else (low, middle)
        return low


def _recurrence(pull: Array, q: float) -> Recurrence:
    """Return the path of the error for pulls ηλ (m,) and q = (1 - β)/(1 + β)."""
    beta, still = (1 - q) / (1 + q), 1 - pull
    return Recurrence(
        pull,
        now=(1 + beta) * still,
        before=-beta * still,
        drift=still * q / (1 + q),
        D=still * (1 + beta) ** 2 * (q * q - pull),
    )
