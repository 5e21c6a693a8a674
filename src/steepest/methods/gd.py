"""Gradient descent with a constant learning rate."""

from __future__ import annotations

from dataclasses import dataclass

from steepest.methods.base import Array, Length, Limits, Problem, ends
from steepest.spectrum import Powers


@dataclass(frozen=True, slots=True)
class GD:
    """v ← prox(v - η ∇f(v)).

    On a quadratic every step multiplies the error along an eigenvector by 1 - ηλ, and all of it by
    max |1 - ηλ| at most: it converges for η < 2/L, best for η = 2/(L + mu).

    References
    ----------
    Cauchy (1847), *Méthode générale pour la résolution des systèmes d'équations simultanées*.
    Nesterov (2018), *Lectures on Convex Optimization*, section 2.1.5.
    """

    name = "gd"
    title = "gradient descent"
    monotone = True
    stochastic = False
    proximal = True

    def limits(self, problem: Problem, rate: float | None) -> Limits:
        mu, L = ends(problem)
        best = 2 / (L + mu)
        used = best if rate is None else rate
        return Limits(L, mu, used, 2 / L, best, "2/L", Powers(used * problem.eigenvalues()))

    def start(self, problem: Problem, v: Array, rate: float) -> Length:
        return Length(rate)

    def step(self, problem: Problem, v: Array, state: Length) -> tuple[Array, Length]:
        return problem.prox(v - state.rate * problem.gradient(v), state.rate), state
