"""The path: the fits of a sequence of penalties, each beginning where the one before ended."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from steepest.descent import descend
from steepest.errors import InputError
from steepest.likelihood import likelihood
from steepest.limits import limits_of
from steepest.methods import method_of
from steepest.moments import Moments
from steepest.normal import NormalEquations
from steepest.parameters import Parameters
from steepest.penalised import at_zero, penalised
from steepest.penalties import Penalty

Array = NDArray[np.float64]

RIDGE_SHARE = 1e-3
"""The share of the lasso at which a grid for ridge, whose coefficients are never all zero, begins."""


@dataclass(frozen=True)
class PenaltyPath:
    """Fits of some rows along a sequence of penalties.

    Attributes
    ----------
    normal : NormalEquations
        About zero.
    alphas : (m,) array
        Decreasing.
    u : (m, k) array
        The coefficients in unit-diagonal coordinates.
    in_se : (m,) array
        How far they can be from the optimum, in standard errors of least squares.
    reached : bool
        Whether every certificate is within the tolerance.
    """

    normal: NormalEquations
    alphas: Array
    u: Array
    in_se: Array
    reached: bool

    @cached_property
    def lines(self) -> tuple[Array, Array]:
        """The coefficients (m, p) and the intercepts (m,), in the user's units."""
        coef, intercept = zip(*(self.normal.coefficients(each) for each in self.u), strict=True)
        return np.array(coef), np.array(intercept)

    def errors(self, moments: Moments) -> Array:
        """Return the weighted mean squared errors (m,) on some rows, from their moments alone.

        They are in squared units of the target. Means of these rows are taken from those of the others, so
        that no digit is lost to an offset that both have.
        """
        n, m, at = self.normal, self.normal.moments, np.append(self.normal.active, moments.p)
        ratio = (moments.unit / m.unit)[at]
        apart, low = ((a * ratio - b * n.intercept) for a, b in _means(moments, m, at))
        around = np.column_stack([-self.u / n.spread, np.ones(len(self.u))])
        inner, unit = around * ratio, _square(float(m.unit[-1]))
        combinations = np.zeros((len(inner), moments.p + 1))
        combinations[:, at] = inner
        return (np.maximum(moments.variances(combinations), 0.0) + (around @ (apart + low)) ** 2) * unit


def _means(a: Moments, b: Moments, at: NDArray[np.intp]) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    return (a.mean[at], b.mean[at]), (a.mean_low[at], b.mean_low[at])


def _square(unit: float) -> float:
    """Return the square of the unit of the target; raise `InputError` if float64 does not hold it."""
    if not math.sqrt(sys.float_info.min) <= unit <= math.sqrt(sys.float_info.max):
        what = "in these units squared errors exceed float64"
        raise InputError("the target", what, "Measure it in other units")
    return unit**2


def path(
    normal: NormalEquations,
    parameters: Parameters,
    alphas: Array,
    *,
    told: Callable[[], object] | None = None,
) -> PenaltyPath:
    """Return the path of normal equations along decreasing penalties; `told` is called after each."""
    normal, method = at_zero(normal), method_of("newton")
    one = parameters.penalty(normal, 1.0)
    first = penalised(normal, one, "standard")
    v, points, known = np.zeros(normal.k), list[tuple[Array, float, bool]](), dict[str, Any]()
    for alpha in alphas.tolist():
        problem = replace(first, penalty=one.times(alpha))
        if problem.smooth or not known:  # with kinks, they are those of least squares
            known = {"limits": limits_of("auto", method, problem), "yardstick": problem.yardstick}
            known |= {"tol": problem.tolerance(parameters.tol), "max_iter": parameters.max_iter}
        ended = descend(problem, method, v, **known)
        v, in_se = ended.point, ended.certificate.in_se
        points.append((v, in_se, in_se <= known["tol"]))
        if told is not None:
            told()
    u, distance, reached = zip(*points, strict=True)
    return PenaltyPath(normal, alphas, np.array(u), np.array(distance), all(reached))


def grid(normal: NormalEquations, parameters: Parameters, number: int, eps: float) -> Array:
    """Return penalties (number,) from the smallest that leaves no coefficient, down to `eps` of it.

    They are evenly spaced on a logarithmic axis. For ridge, which leaves all, it begins where a lasso of a
    thousandth of its strength would end.
    """
    normal = at_zero(normal)
    weights = replace(parameters, l1_ratio=parameters.l1_ratio or RIDGE_SHARE).penalty(normal, 1.0).l1
    held = weights > 0
    if not held.any():
        what = "no feature that varies is penalised"
        raise InputError("alphas", what, "Raise penalty_factor, or pass a list of alphas")
    against = _pulls(normal, held, parameters)
    pulls = np.maximum(against, 0.0) if parameters.positive else np.abs(against)
    largest = float((pulls[held] / weights[held]).max())
    if not largest > 0:
        return np.full(number, np.finfo(float).resolution)
    return np.geomspace(largest, largest * eps, number)


@dataclass(frozen=True, slots=True)
class Criteria:
    """What the moments of the rows say of a path without holding any out, (m,) arrays.

    Attributes
    ----------
    df : (m,) array
        Effective degrees of freedom, the intercept included.
    aic, bic, gcv : (m,) arrays
        Sigma counts as a parameter.
    """

    df: Array
    aic: Array
    bic: Array
    gcv: Array


def criteria_of(path: PenaltyPath, parameters: Parameters) -> Criteria:
    """Return the information criteria and the generalised cross-validation error along a path.

    References
    ----------
    Zou, Hastie, Tibshirani (2007), *On the "degrees of freedom" of the lasso*, Annals of Statistics 35.
    Golub, Heath, Wahba (1979), *Generalized cross-validation as a method for choosing a good ridge
    parameter*, Technometrics 21.
    """
    normal, m = path.normal, path.normal.moments
    one = parameters.penalty(normal, 1.0)
    steps = zip(path.alphas.tolist(), path.u, strict=True)
    df = np.array([_freedom(normal, one.times(alpha), u) for alpha, u in steps]) + normal.intercept
    error = path.errors(m)
    rss = error / float(m.unit[-1]) ** 2 * m.weight
    found = [likelihood(m, *pair) for pair in zip(rss.tolist(), df.tolist(), strict=True)]
    room, total = 1 - df / m.rows, error * (m.weight * m.weight_unit / m.rows)
    gcv = np.divide(total, room**2, out=np.full(len(room), math.inf), where=room > 0)
    return Criteria(df, np.array([each.aic for each in found]), np.array([each.bic for each in found]), gcv)


def decreasing(alphas: Any) -> Array:
    """Return penalties in decreasing order, each once; raise `InputError` if one is none."""
    try:
        found = np.asarray(alphas, dtype=np.float64)
    except (TypeError, ValueError):
        found = np.zeros(0)
    if found.ndim != 1 or not len(found) or not (np.isfinite(found) & (found >= 0)).all():
        raise InputError("alphas", f"got {alphas!r}", "Pass a number of penalties, or a list of them")
    return np.unique(found)[::-1]


def _freedom(normal: NormalEquations, penalty: Penalty, u: Array) -> float:
    """Return the effective degrees of freedom of a point (k,): tr H(H + ρ)⁺ on its support."""
    on = np.flatnonzero((u != 0) | ~penalty.kinked)
    if not penalty.l2[on].any():
        return float(min(len(on), normal.rank))
    R = normal.expansion.factor[:, on]
    if penalty.l2[on].all():
        squares = np.linalg.svd(R / np.sqrt(penalty.l2[on]), compute_uv=False) ** 2
        return float((squares / (1 + squares)).sum())
    H = R.T @ R
    return float(np.trace(np.linalg.pinv(H + np.diag(penalty.l2[on]), hermitian=True) @ H))


def _pulls(normal: NormalEquations, held: NDArray[np.bool_], parameters: Parameters) -> Array:
    """Return how every coefficient (k,) is pulled from zero where those that are held are zero."""
    if held.all():
        return -normal.expansion.gradient
    most = np.where(held, 2 * math.sqrt(normal.t), 0.0)
    problem = penalised(normal, Penalty(most, np.zeros(normal.k), parameters.positive), "standard")
    method = method_of("newton")
    known = {"limits": limits_of("auto", method, problem), "yardstick": problem.yardstick}
    ended = descend(problem, method, problem.start, tol=parameters.tol, max_iter=parameters.max_iter, **known)
    return -problem.gradient(ended.point)
