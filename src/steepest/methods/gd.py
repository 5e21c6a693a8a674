"""Gradient descent with a constant learning rate."""

from __future__ import annotations

from dataclasses import dataclass

from steepest.methods.base import Array, Limits, Problem


@dataclass(frozen=True, slots=True)
class GD:
    """v ← prox(v - η ∇f(v)).

    On a quadratic the error shrinks in every step by the factor max |1 - ηλ| over the eigenvalues λ of
    the Hessian: it converges for η < 2/L, best for η = 2/(L + mu).

    References
    ----------
    Cauchy (1847), *Méthode générale pour la résolution des systèmes d'équations simultanées*.
    Nesterov (2018), *Lectures on Convex Optimization*, section 2.1.5.
    """

    name = "gd"
    title = "gradient descent"

    def limits(self, problem: Problem) -> Limits:
        mu, L = problem.spectrum()
        return Limits(L, mu, largest_rate=2 / L, best_rate=2 / (L + mu))

    def start(self, problem: Problem, v: Array, rate: float) -> float:
        return rate

    def step(self, problem: Problem, v: Array, state: float) -> tuple[Array, float]:
        return problem.prox(v - state * problem.gradient(v), state), state
