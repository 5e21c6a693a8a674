"""Gradient descent in the metric of the curvature."""

from __future__ import annotations

from dataclasses import dataclass

from steepest.methods.base import Array, Limits, Problem


@dataclass(frozen=True, slots=True)
class Newton:
    """v ← v - η H⁺∇f(v): the gradient step where one step of η = 1 lands on the optimum.

    Every eigenvalue of the preconditioned Hessian is one, so L = mu = 1: it converges for η < 2.

    References
    ----------
    Nocedal, Wright (2006), *Numerical Optimization*, section 3.3.
    """

    name = "newton"
    title = "newton"

    def limits(self, problem: Problem) -> Limits:
        return Limits(1.0, 1.0, largest_rate=2.0, best_rate=1.0)

    def start(self, problem: Problem, v: Array, rate: float) -> float:
        return rate

    def step(self, problem: Problem, v: Array, state: float) -> tuple[Array, float]:
        return v - state * problem.solve(problem.gradient(v)), state
