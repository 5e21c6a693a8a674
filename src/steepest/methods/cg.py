"""Conjugate gradients."""

from __future__ import annotations

from dataclasses import dataclass

from steepest.methods.base import Array, Problem


@dataclass(frozen=True, slots=True)
class Directions:
    """Gradient at the current point, and the direction of the last step (None before the first)."""

    gradient: Array
    direction: Array | None


@dataclass(frozen=True, slots=True)
class CG:
    """Exact steps along directions that are conjugate to each other.

        d ← -g + (|g|² / |g_prev|²) d,   v ← v + (-gᵀd / dᵀHd) d

    In exact arithmetic it ends after as many steps as H has distinct eigenvalues. The gradient is
    recomputed in every step: from moments that costs no more than its recurrence.

    References
    ----------
    Hestenes, Stiefel (1952), *Methods of conjugate gradients for solving linear systems*.
    """

    name = "cg"
    title = "conjugate gradient"

    def limits(self, problem: Problem) -> None:
        return None

    def start(self, problem: Problem, v: Array, rate: float) -> Directions:
        return Directions(problem.gradient(v), None)

    def step(self, problem: Problem, v: Array, state: Directions) -> tuple[Array, Directions]:
        g = state.gradient
        d = -g if state.direction is None else state.direction
        curvature = problem.curvature(d)
        if not curvature > 0:
            return v, state
        new = v + (-(g @ d) / curvature) * d
        new_g = problem.gradient(new)
        return new, Directions(new_g, -new_g + (new_g @ new_g) / (g @ g) * d)
