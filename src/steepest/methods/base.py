"""What a method is, and what it may ask of a problem."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class Problem(Protocol):
    """A convex objective f = smooth part + penalty, known through a few verbs.

    Problems made from moments, from rows that are read again, sparse, dual and penalised ones
    all answer the same questions, so every method runs on each of them.
    """

    @property
    def size(self) -> int:
        """Number of coordinates."""
        ...

    def loss(self, v: Array) -> float:
        """Return f(v)."""
        ...

    def gradient(self, v: Array) -> Array:
        """Return the gradient (size,) of the smooth part at v."""
        ...

    def curvature(self, d: Array) -> float:
        """Return dᵀHd, the second derivative of the smooth part along d."""
        ...

    def prox(self, v: Array, step: float) -> Array:
        """Return the proximal point of the penalty at v; v itself without a penalty."""
        ...

    def gap(self, v: Array) -> float:
        """Return f(v) - min f, exactly or bounded from above."""
        ...

    def diagonal(self) -> Array:
        """Return the diagonal (size,) of H."""
        ...

    def solve(self, g: Array) -> Array:
        """Return H⁺g: the gradient in the metric of the curvature itself."""
        ...

    def spectrum(self) -> tuple[float, float]:
        """Return mu and L, the smallest positive and the largest eigenvalue of H."""
        ...


@dataclass(frozen=True, slots=True)
class Limits:
    """What the curvature of the data allows, known before the first step.

    Attributes
    ----------
    L, mu : float
        Largest and smallest positive eigenvalue of the Hessian in the coordinates of the descent.
    largest_rate : float
        Learning rates from here on do not converge.
    best_rate : float
        The learning rate with the smallest guaranteed factor.
    """

    L: float
    mu: float
    largest_rate: float
    best_rate: float

    @property
    def condition(self) -> float:
        """Condition number L / mu."""
        return self.L / self.mu

    def factor(self, rate: float) -> float:
        """Return the factor by which one step multiplies the error, in its slowest direction."""
        return max(abs(1 - rate * self.L), abs(1 - rate * self.mu))


class Method(Protocol):
    """A way to descend: a start and a step. The loop, the trace and the stopping rule belong to `descend`."""

    @property
    def name(self) -> str:
        """What users type."""
        ...

    @property
    def title(self) -> str:
        """What summaries print."""
        ...

    def limits(self, problem: Problem) -> Limits | None:
        """Return the limits of the learning rate on this problem; None for a method that takes none."""
        ...

    def start(self, problem: Problem, v: Array, rate: float) -> Any:
        """Return the state before the first step from v."""
        ...

    def step(self, problem: Problem, v: Array, state: Any) -> tuple[Array, Any]:
        """Return the next point and the next state."""
        ...
