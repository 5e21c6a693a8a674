"""From data to a fit: the whole story in one place, with no scikit-learn."""

from __future__ import annotations

import math
from collections.abc import Callable
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from steepest.cells import CODE, Cells
from steepest.certificate import Yardstick
from steepest.chunk import Chunk, Counts
from steepest.codes import Occurrences, codes, suspects
from steepest.columns import Columns
from steepest.descent import Status, descend
from steepest.engines.local import fold
from steepest.errors import DataChangedError, InputError
from steepest.methods import method_of
from steepest.methods.newton import Newton
from steepest.moments import Moments
from steepest.normal import NormalEquations
from steepest.objective import Quadratic, check_scale
from steepest.rates import rate_of
from steepest.refinement import refine, wanting
from steepest.result import Fit, Parameters
from steepest.sources.base import Source

Array = NDArray[np.float64]

EXACT_FIT = 1e-10
"""Distance in sd(y) from which residuals too small to be measured may be called an exact fit."""

TINY = 2.0**-1022
"""Numbers below have lost digits."""

LARGEST_WEIGHT = 1e150
"""Weights of a diverged descent whose distance is not worth computing."""


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
    moments, counts = collect(source, watch=watch)
    look = (lambda each: fold(source, each, watch=watch)[0]) if source.repeatable else None
    result = solve(moments, parameters, look=look, counts=counts, columns=source.columns)
    if source.fingerprint() != before:
        fix = "Fit again when it is complete"
        raise DataChangedError("data", "the source changed while it was read", fix)
    return result


def collect(source: Source, *, watch: Callable[[Chunk], None] | None = None) -> tuple[Moments, Counts]:
    """Return the moments of all rows of a source, and what became of the rows."""
    try:
        moments, counts = fold(source, Moments, Counts, watch=watch)
    except InputError as error:
        if error.code != CODE or not source.repeatable:
            raise
        cells = fold(source, Cells)[0]
        remedy = ', or pass missing="drop"' if source.columns is not None else ""
        raise cells.error(source.where, source.place, source.phrase(cells), remedy) from None
    return moments, counts


def solve(
    moments: Moments,
    parameters: Parameters,
    *,
    look: Callable[[Any], Any] | None = None,
    counts: Counts | None = None,
    columns: Columns | None = None,
) -> Fit:
    """Fit a line to moments that are at hand.

    Parameters
    ----------
    moments : Moments
    parameters : Parameters
    look : callable, optional
        Sums a fold over the rows once more. Without it the answer is as good as the moments, and the fit
        does not claim to have converged where that is not good enough.
    counts : Counts, optional
    columns : Columns, optional
    """
    if not moments.rows:
        why = f"all {moments.dropped} rows have weight zero" if moments.dropped else "0 sample(s)"
        raise InputError("data", f"no rows to fit: {why}", "Pass at least one row", code="no-rows")
    if not (moments.p or parameters.fit_intercept):
        what = "there is neither a feature nor an intercept to fit"
        raise InputError("features", what, "Name a feature, or fit the intercept", code="no-columns")
    normal = NormalEquations.of(moments, intercept=parameters.fit_intercept)
    ends = () if look is None else suspects(normal)
    found = codes(normal, ends, look(Occurrences(ends))) if look is not None and ends else ()
    precise = parameters.precise is True
    if look is not None and wanting(normal, parameters.tol, precise=precise):
        normal = refine(normal, look, parameters.tol, precise=precise)
    problem = Quadratic.of(normal, parameters.scale)
    method = method_of(parameters.method)
    on_rows = isinstance(method, Newton) and isinstance(parameters.learning_rate, str)
    yardstick = _yardstick(normal)
    descent = descend(
        problem,
        method,
        problem.reached if on_rows else problem.start,
        rate=rate_of(parameters.learning_rate, method, problem),
        yardstick=yardstick,
        tol=_tolerance(normal, yardstick, parameters.tol),
        max_iter=parameters.max_iter,
    )
    coef, intercept = problem.coefficients(descent.point)
    offset, mean_residual = problem.split(descent.point)
    _refuse_range(normal, coef, offset)
    return Fit(
        coef=coef,
        intercept=intercept,
        offset=offset,
        mean_residual=mean_residual,
        normal=normal,
        parameters=parameters,
        method=method.title,
        status=descent.status,
        steps=descent.steps + (normal.expansion.passes if on_rows else 0),
        bound=descent.certificate,
        counts=counts or Counts(moments.rows + moments.dropped, moments.rows),
        columns=columns,
        repeatable=look is not None,
        codes=found,
    )


def assess(moments: Moments, coef: Array, intercept: float, *, epochs: int, method: str) -> Fit:
    """Return the fit of coefficients that were found by epochs over the rows, with their certificate."""
    normal = NormalEquations.of(moments, intercept=True)
    yardstick, near = _yardstick(normal), np.abs(coef).max(initial=abs(intercept)) < LARGEST_WEIGHT
    offset, mean_residual = normal.displacement(coef, intercept) if near else (np.zeros(normal.k), 0.0)
    return Fit(
        coef=coef,
        intercept=intercept,
        offset=offset,
        mean_residual=mean_residual,
        normal=normal,
        parameters=Parameters(scale="none"),
        method=method,
        status=Status.STOPPED,
        steps=epochs,
        bound=yardstick.certificate(normal.gap(offset) + mean_residual**2 / 2 if near else math.inf),
        counts=Counts(moments.rows + moments.dropped, moments.rows),
    )


def _refuse_range(normal: NormalEquations, coef: Array, offset: Array) -> None:
    """Raise `InputError` naming a coefficient that float64 cannot hold, or only with digits lost."""
    found = coef[normal.active]
    odd = ~(np.abs(found) >= TINY) | np.isinf(found)
    if not odd.any():
        return
    slopes = normal.slopes(offset)[0]
    lost = odd & (~np.isfinite(found) | ((np.abs(slopes) > 0) & (slopes != found)))
    if lost.any():
        name = normal.moments.names[normal.active[int(lost.argmax())]]
        what = "its coefficient is beyond the range of float64"
        raise InputError(f"column {name!r}", what, "Measure it, or the target, in other units", code="range")


def check(parameters: Parameters) -> None:
    """Raise `InputError` for a parameter out of range, naming the range."""
    tol, steps, rate = parameters.tol, parameters.max_iter, parameters.learning_rate
    if not isinstance(parameters.fit_intercept, bool | np.bool):
        raise InputError("fit_intercept", f"got {parameters.fit_intercept!r}", "Pass True or False")
    if not (_is_real(tol) and 0 <= float(tol) < math.inf):
        raise InputError("tol", f"got {tol!r}", "Pass a number of standard errors, 0 or more")
    if not (isinstance(steps, Integral) and not isinstance(steps, bool) and steps >= 1):
        raise InputError("max_iter", f"got {steps!r}", "Pass a whole number of steps, 1 or more")
    text = isinstance(rate, str)
    if not (rate == "auto" if text else _is_real(rate) and 0 < float(rate) < math.inf):
        raise InputError("learning_rate", f"got {rate!r}", 'Pass "auto" or a positive number')
    if not (parameters.precise is True or parameters.precise == "auto"):
        raise InputError("precise", f"got {parameters.precise!r}", 'Pass "auto" or True')
    method_of(parameters.method)
    check_scale(parameters.scale)


def _is_real(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def _tolerance(normal: NormalEquations, yardstick: Yardstick, tol: float) -> float:
    """Return the distance that is close enough: `tol`, or every coefficient exact up to its own rounding."""
    exact_fit = normal.se is None and normal.freedom > 0 and normal.t > 0
    least = yardstick.floor + normal.written / yardstick.scale if tol and normal.exact else 0.0
    return max(min(tol, EXACT_FIT) if exact_fit else tol, least)


def _yardstick(normal: NormalEquations) -> Yardstick:
    """Return the yardstick of a problem; it has no floor to stand on where dependence is in doubt."""
    about = normal.expansion
    noise = math.inf if about.doubtful else normal.noise
    scale = normal.se if normal.se is not None else math.sqrt(normal.t) or abs(normal.y_mean) or 1.0
    unit = "sd(y)" if normal.se is None else "se"
    return Yardstick(scale, noise / scale, unit, about.slack, about.error / scale)
