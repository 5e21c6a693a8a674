"""Gradient descent in the metric of the curvature."""

from __future__ import annotations

from dataclasses import dataclass

from steepest.methods.base import Array, Length, Limits, Problem
from steepest.spectrum import Geometric


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
    monotone = True
    stochastic = False
    proximal = True
    finite = True

    def limits(self, problem: Problem, rate: float | None) -> Limits:
        used = 1.0 if rate is None else rate
        return Limits(1.0, 1.0, used, 2.0, 1.0, "2/L", Geometric(abs(1 - used)))

    def start(self, problem: Problem, v: Array, rate: float) -> Length:
        return Length(rate)

    def step(self, problem: Problem, v: Array, state: Length) -> tuple[Array, Length]:
        return problem.newton(v, state.rate), state
