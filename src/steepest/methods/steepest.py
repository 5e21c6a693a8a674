"""Steepest descent: every step goes as far along the gradient as pays."""

from __future__ import annotations

from dataclasses import dataclass

from steepest.methods.base import Array, Length, Limits, Problem, ends
from steepest.spectrum import Geometric


@dataclass(frozen=True, slots=True)
class Steepest:
    """v ← v - η g with g = ∇f(v) and the exact line search η = gᵀg / gᵀHg.

    A step multiplies the error, in the metric of the curvature, by (κ - 1)/(κ + 1) at most, κ being the
    condition number: as good a promise as that of the best constant rate, with no rate to choose.

    References
    ----------
    Cauchy (1847), *Méthode générale pour la résolution des systèmes d'équations simultanées*.
    Kantorovich (1948), *Functional analysis and applied mathematics* (the factor).
    """

    name = "steepest"
    title = "steepest descent"
    monotone = True
    stochastic = False

    def limits(self, problem: Problem, rate: float | None) -> Limits:
        mu, L = ends(problem)
        return Limits(L, mu, guarantee=Geometric((L - mu) / (L + mu)))

    def start(self, problem: Problem, v: Array, rate: float) -> Length:
        return Length()

    def step(self, problem: Problem, v: Array, state: Length) -> tuple[Array, Length]:
        g = problem.gradient(v)
        curvature = problem.curvature(g)
        if not curvature > 0:
            return v, state
        rate = float(g @ g) / curvature
        return v - rate * g, Length(rate)
