"""What a method is, and what it may ask of a problem."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from steepest.checks import is_real
from steepest.errors import InputError
from steepest.spectrum import Geometric, Guarantee, Path, Powers, Recurrence

Array = NDArray[np.float64]


class Batch(NamedTuple):
    """Some rows in the coordinates of the descent: residuals are target - rows @ v.

    Attributes
    ----------
    rows : (b, size) array
    target : (b,) array
    weights : (b,) array or None
        Relative to the mean weight; None for ones.
    """

    rows: Array
    target: Array
    weights: Array | None

    def downhill(self, v: Array) -> Array:
        """Return Σ w r z (size,): against the gradient at v, as many times as there are rows."""
        residuals = self.target - self.rows @ v
        return (residuals if self.weights is None else self.weights * residuals) @ self.rows


class Problem(Protocol):
    """A convex objective f = smooth part + penalty, known through a few verbs.

    Problems made from moments, from rows that are read again, sparse, dual and penalised ones
    all answer the same questions, so every method runs on each of them.
    """

    @property
    def size(self) -> int:
        """Number of coordinates."""
        ...

    smooth: ClassVar[bool]
    """Whether the penalty has no kinks, and the gap is known and not only bounded."""

    @property
    def start(self) -> Array:
        """The coordinates (size,) of the line whose coefficients are zero."""
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

    def newton(self, v: Array, rate: float) -> Array:
        """Return where a step in the metric of the curvature leads; with a penalty, one on its support."""
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

    def eigenvalues(self) -> Array:
        """Return the positive eigenvalues (m,) of H, in ascending order."""
        ...


class Sample(Problem, Protocol):
    """A problem whose rows can be visited, too."""

    def batches(self, size: int, epoch: int, *, shuffle: bool) -> Iterator[Batch]:
        """Yield all rows once, `size` of them at a time; the order is that of the epoch, if shuffled."""
        ...


@dataclass(frozen=True, slots=True)
class Limits:
    """What the curvature of the data allows, known before the first step.

    Attributes
    ----------
    L, mu : float
        Largest and smallest positive eigenvalue of the Hessian in the coordinates of the descent.
    rate : float or None
        The learning rate that is used; None for methods that choose the length of every step.
    largest_rate : float or None
        Learning rates from here on do not converge; None if there is no such limit.
    best_rate : float or None
        The learning rate with the smallest guaranteed factor.
    formula : str
        What `largest_rate` is, or why there is none.
    guarantee : Guarantee or None
        Bounds the error after every number of steps; None for methods without such a bound.
    steps : int or None
        Steps after which the guarantee promises that `tol` is reached; None without a promise.
    """

    L: float
    mu: float
    rate: float | None = None
    largest_rate: float | None = None
    best_rate: float | None = None
    formula: str = "chooses its own steps"
    guarantee: Guarantee | None = None
    steps: int | None = None

    @property
    def condition(self) -> float:
        """Condition number L / mu."""
        return self.L / self.mu if self.mu else math.inf

    @property
    def beyond(self) -> bool:
        """Whether the learning rate is one that does not converge."""
        if self.rate is None or self.largest_rate is None or self.rate == self.best_rate:
            return False
        return not self.rate < self.largest_rate

    @property
    def factor(self) -> float | None:
        """What a step multiplies the error by, asymptotically, in the metric of the curvature.

        Without momentum, and for the exact line search, no step does worse.
        """
        return None if self.guarantee is None else self.guarantee.factor

    def envelope(self, k: int) -> float | None:
        """Return what k steps multiply the error by, at most: sqrt(gap after them / gap before).

        With a constant momentum it may exceed one before it shrinks.
        """
        return None if self.guarantee is None else self.guarantee.envelope(k)

    @property
    def path(self) -> Path | None:
        """The closed form of the path, if the steps are constant."""
        return self.guarantee if isinstance(self.guarantee, Powers | Recurrence) else None

    def __str__(self) -> str:
        lines = [f"curvature      L {self.L:.4g}, mu {self.mu:.4g}, condition number {self.condition:.4g}"]
        if self.largest_rate is not None:
            lines.append(
                f"learning rate  largest {self.largest_rate:.4g} = {self.formula}, best {self.best_rate:.4g},"
                f" used {self.rate:.4g}"
            )
        else:
            used = "" if self.rate is None else f"; used {self.rate:.4g}"
            lines.append(f"learning rate  no limit: {self.formula}{used}")
        sure = "at most" if isinstance(self.guarantee, Powers | Geometric) else "in the end"
        factor = "no guarantee" if self.factor is None else f"error times {self.factor:.6g} {sure}"
        steps = "" if self.steps is None else f"; {self.steps:,} step{'s' * (self.steps != 1)} at most"
        return "\n".join([*lines, f"per step       {factor}{steps}"])


class Method(Protocol):
    """A way to descend: a start and a step. The loop, the trace and the stopping rule belong to `descend`.

    The state of a method is what it likes, with an attribute `rate`: the learning rate of the step that
    led there, NaN before the first. A stochastic method's also has `wander`, the mean gap of the points that
    its last epoch visited, and `settled`, the gap of the average of its later points.

    A method with a true attribute `proximal` can take penalties with kinks; one with a true `finite`, too, is
    done with them after finitely many steps, but for rounding.
    """

    @property
    def name(self) -> str:
        """What users type."""
        ...

    @property
    def title(self) -> str:
        """What summaries print."""
        ...

    @property
    def monotone(self) -> bool:
        """Whether no step ever increases the gap, but for rounding."""
        ...

    @property
    def stochastic(self) -> bool:
        """Whether a step is an epoch: a visit to all rows, by a problem that has `batches`."""
        ...

    def limits(self, problem: Any, rate: float | None) -> Limits:
        """Return the limits of the learning rate on this problem, at a rate, or at the best one."""
        ...

    def start(self, problem: Any, v: Array, rate: float) -> Any:
        """Return the state before the first step from v."""
        ...

    def step(self, problem: Any, v: Array, state: Any) -> tuple[Array, Any]:
        """Return the next point and the next state."""
        ...


@dataclass(frozen=True, slots=True)
class Length:
    """The state of a method that remembers nothing but the length of its last step."""

    rate: float = math.nan


def check_number(method: str, name: str, value: Any, low: float, high: float) -> None:
    """Raise `InputError` for an argument of a method that is not in [low, high)."""
    if not (is_real(value) and low <= float(value) < high):
        fix = f"Pass a number from {low:g} up to, not including, {high:g}"
        raise InputError(f"{method}({name}=)", f"got {value!r}", fix, code="method")


def ends(problem: Problem) -> tuple[float, float]:
    """Return mu and L."""
    eigenvalues = problem.eigenvalues()
    return float(eigenvalues[0]), float(eigenvalues[-1])
