"""From data to a fit: the whole story in one place, with no scikit-learn."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from numbers import Integral, Real

import numpy as np
from numpy.typing import NDArray

from steepest.certificate import Certificate, Yardstick
from steepest.chunk import Chunk, Counts
from steepest.columns import Columns
from steepest.descent import Status, descend
from steepest.engines.local import fold
from steepest.errors import DataChangedError, DivergenceError, InputError
from steepest.methods import method_of
from steepest.methods.base import Limits, Method
from steepest.moments import Moments
from steepest.normal import NormalEquations
from steepest.objective import Quadratic
from steepest.result import Fit, Parameters
from steepest.sources.base import Source

Array = NDArray[np.float64]


def fit(source: Source, parameters: Parameters, *, watch: Callable[[Chunk], None] | None = None) -> Fit:
    """Fit a line to a source: data → moments → problem → descent → fit.

    Parameters
    ----------
    source : Source
    parameters : Parameters
    watch : callable, optional
        Called with every chunk that has been gathered.

    Raises
    ------
    InputError
        If data or parameters cannot be used.
    DivergenceError
        If the learning rate is beyond the limit of the data.
    DataChangedError
        If the source changed while it was read.
    """
    check(parameters)
    before = source.fingerprint()
    moments, counts = fold(source, Moments, Counts, watch=watch)
    if source.fingerprint() != before:
        raise DataChangedError(
            "data", "the source changed while it was read", "Fit again when it is complete"
        )
    return solve(moments, parameters, counts=counts, columns=source.columns)


def solve(
    moments: Moments, parameters: Parameters, *, counts: Counts | None = None, columns: Columns | None = None
) -> Fit:
    """Fit a line to moments that are at hand."""
    if not moments.rows:
        why = f"all {moments.dropped} rows have weight zero" if moments.dropped else "0 sample(s)"
        raise InputError("data", f"no rows to fit: {why}", "Pass at least one row", code="no-rows")
    normal = NormalEquations.of(moments, intercept=parameters.fit_intercept)
    problem = Quadratic.of(normal, parameters.scale)
    method = method_of(parameters.method)
    yardstick = _yardstick(normal)
    descent = descend(
        problem,
        method,
        np.zeros(problem.size),
        rate=_rate(parameters.learning_rate, method, problem),
        yardstick=yardstick,
        tol=parameters.tol,
        max_iter=parameters.max_iter,
    )
    coef, intercept = problem.coefficients(descent.point)
    certificate = _finished(descent.certificate, problem, descent.point, intercept)
    status = descent.status
    if status is Status.CONVERGED and certificate.in_se > parameters.tol:
        status = Status.PRECISION
    return Fit(
        coef=coef,
        intercept=intercept,
        normal=normal,
        parameters=parameters,
        method=method.title,
        status=status,
        steps=descent.steps,
        certificate=certificate,
        counts=counts or Counts(moments.rows + moments.dropped, moments.rows),
        columns=columns,
    )


def assess(moments: Moments, coef: Array, intercept: float, *, epochs: int, method: str) -> Fit:
    """Return the fit of coefficients that were found by epochs over the rows, with their certificate."""
    normal = NormalEquations.of(moments, intercept=True)
    problem = Quadratic.of(normal, "none")
    with np.errstate(over="ignore", invalid="ignore"):
        point = problem.point(coef, intercept)
        certificate = _yardstick(normal).certificate(problem.gap(point))
    return Fit(
        coef=coef,
        intercept=intercept,
        normal=normal,
        parameters=Parameters(scale="none"),
        method=method,
        status=Status.STOPPED,
        steps=epochs,
        certificate=_finished(certificate, problem, point, intercept),
        counts=Counts(moments.rows + moments.dropped, moments.rows),
    )


def check(parameters: Parameters) -> None:
    """Raise `InputError` for a parameter out of range, naming the range."""
    tol, steps, rate = parameters.tol, parameters.max_iter, parameters.learning_rate
    if not (_is_real(tol) and tol >= 0):
        raise InputError("tol", f"got {tol!r}", "Pass a number of standard errors, 0 or more")
    if not (isinstance(steps, Integral) and steps >= 1):
        raise InputError("max_iter", f"got {steps!r}", "Pass a whole number of steps, 1 or more")
    if not (rate == "auto" or (_is_real(rate) and 0 < float(rate) < math.inf)):
        raise InputError("learning_rate", f"got {rate!r}", 'Pass "auto" or a positive number')
    method_of(parameters.method)


def _is_real(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def _yardstick(normal: NormalEquations) -> Yardstick:
    return Yardstick.of(
        freedom=normal.freedom,
        residual=normal.residual,
        residual_error=normal.residual_error,
        variance=normal.t,
        length=float(np.linalg.norm(normal.solution)),
        conditioning=normal.conditioning,
        columns=normal.k,
        roundoff=normal.unit_roundoff,
    )


def _rate(learning_rate: float | str, method: Method, problem: Quadratic) -> float:
    """Return the learning rate to use; refuse one that cannot converge, before the first step."""
    limits = method.limits(problem)
    if limits is None:
        if learning_rate != "auto":
            raise InputError(
                "learning_rate",
                f"{method.title} chooses its own steps",
                'Leave it out, or choose method="gd"',
            )
        return math.nan
    if learning_rate == "auto":
        return limits.best_rate
    rate = float(learning_rate)
    if rate < limits.largest_rate:
        return rate
    other = _other_scale(problem, limits)
    raise DivergenceError(
        "learning_rate",
        f"{rate:g} is beyond the limit {limits.largest_rate:.3g} = 2/L (L = {limits.L:.4g}, the largest"
        f" curvature of these data): each step would multiply the error by {limits.factor(rate):.3g}",
        f"Leave learning_rate out (the best one, {limits.best_rate:.3g}, is then computed){other}",
        excerpt=_growth(method, problem, rate, limits),
    )


def _growth(method: Method, problem: Quadratic, rate: float, limits: Limits) -> tuple[str, ...]:
    """Return a picture of the rate beside its limit, and how the loss would grow over five steps."""
    v = np.zeros(problem.size)
    state = method.start(problem, v, rate)
    losses = [problem.loss(v)]
    with np.errstate(all="ignore"):
        for _ in range(5):
            v, state = method.step(problem, v, state)
            losses.append(problem.loss(v))
    unit = float(problem.normal.moments.unit[-1])
    start, second, fifth = (losses[k] * unit * unit for k in (0, 2, 5))
    beyond = "-" * round(min(10 * (rate / limits.largest_rate - 1), 30))
    return (
        f"   0 ----- 1/L ----- 2/L {beyond}> {rate:g}",
        f"   loss {start:.4g} at the start, {second:.4g} after 2 steps, {fifth:.4g} after 5",
    )


def _other_scale(problem: Quadratic, limits: Limits) -> str:
    mu, L = Quadratic.of(problem.normal, "standard").spectrum()
    if L / mu > 0.99 * limits.condition:
        return ""
    return f', or use scale="standard" (condition number {limits.condition:.4g} -> {L / mu:.4g})'


def _finished(certificate: Certificate, problem: Quadratic, point: Array, intercept: float) -> Certificate:
    """Add to a certificate what writing coefficients as float64 costs, and the coefficient furthest away."""
    normal = problem.normal
    if certificate.unit != "se" or not math.isfinite(certificate.gap) or not problem.size + normal.intercept:
        return certificate
    u, r0 = problem.split(point)
    moved = normal.solve(normal.H @ u - normal.s)
    names = [normal.moments.names[j] for j in normal.active]
    size = np.sqrt(normal.inverse_diagonal)
    away, written = moved / size, u / size
    if normal.intercept:
        h = normal.root @ normal.center
        size0 = math.sqrt(1 + float(h @ h))
        names.append("(intercept)")
        away = np.append(away, (r0 - normal.center @ moved) / size0)
        written = np.append(written, intercept / float(normal.moments.unit[-1]) / size0)
    se = math.sqrt(normal.residual / normal.freedom)
    away, written = np.abs(away), np.abs(written)
    rounding = 2.0**-53 * float(written.max()) / se
    worst = int(away.argmax())
    return replace(
        certificate,
        in_se=certificate.in_se + rounding,
        floor=certificate.floor + rounding,
        worst=float(away[worst]) / se,
        worst_name=names[worst],
    )
