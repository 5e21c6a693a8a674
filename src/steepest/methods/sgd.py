"""Stochastic gradient descent."""

from __future__ import annotations

from dataclasses import dataclass

from steepest.methods.base import Array, Batch, Limits, Problem, ends
from steepest.methods.stochastic import Stochastic


@dataclass(frozen=True, slots=True)
class SGD(Stochastic):
    """v ← v - s g with the gradient g of one batch of rows, one batch after the other.

    The length is s = η / (1 + η κ), κ = gᵀH_B g / gᵀg being the curvature of the batch along its gradient.
    For a single row this is the implicit step, whose gradient is that of the point it leads to. It never
    goes beyond the batch's own minimum along g, so that it takes the point no further from what would suit
    the batch best: no learning rate diverges.

    A constant rate keeps circling in the noise of the batches; the average of the points settles. The default
    is the average under a rate that falls as 1/√t.
    ``learning_rate="auto"`` is 1/(L + (tr H + L)/batch_size), half the rate at which the mean square of the
    error would grow for normal rows and steps of length η.

    Parameters
    ----------
    batch_size, average, power_t, shuffle : as in `Stochastic`
    schedule : {"constant", "invscaling", "adaptive"}, default="invscaling"

    References
    ----------
    Robbins, Monro (1951), *A stochastic approximation method*.
    Polyak, Juditsky (1992), *Acceleration of stochastic approximation by averaging*.
    Bach, Moulines (2013), *Non-strongly-convex smooth stochastic approximation with convergence rate O(1/n)*.
    Toulis, Airoldi (2017), *Asymptotic and finite-sample properties of estimators based on stochastic
    gradients* (the implicit step).
    """

    schedule: str = "invscaling"

    name = "sgd"
    title = "stochastic gradient descent"

    def limits(self, problem: Problem, rate: float | None) -> Limits:
        mu, L = ends(problem)
        best = 1 / (L + (float(problem.diagonal().sum()) + L) / self.batch_size)
        why = "a step never goes beyond the minimum of its batch"
        return Limits(L, mu, best if rate is None else rate, best_rate=best, formula=why)

    def _move(self, v: Array, batch: Batch, rate: float, memory: None) -> tuple[Array, None]:
        downhill, weights = batch.downhill(v), batch.weights
        square = float(downhill @ downhill)
        if not square > 0:
            return v, None
        along = batch.rows @ downhill
        curvature = float(along @ (along if weights is None else weights * along))
        length = rate / (len(batch.target) + rate * curvature / square)
        return v + length * downhill, None
