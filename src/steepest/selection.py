"""How strong a penalty should be: all folds and all penalties from one pass over the data.

The moments of each fold are gathered apart. Those of the other folds, added, are all that a path of penalties
needs; those of the fold itself give its error without looking at a row again.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from threading import Lock
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from steepest.checks import is_real, is_whole
from steepest.chunk import Counts, no_rows
from steepest.columns import Columns
from steepest.engines.local import Watch
from steepest.errors import InputError, choices
from steepest.fitting import collect, refuse_changes, solve
from steepest.folds import (
    Apart,
    Dealt,
    Name,
    Split,
    check_folds,
    each_held_out,
    past_and_next,
    refuse_few,
    total_of,
    training,
    weighing,
)
from steepest.moments import Moments
from steepest.normal import NormalEquations
from steepest.parameters import Parameters, check
from steepest.paths import Criteria, PenaltyPath, criteria_of, decreasing, grid, path
from steepest.result import Fit
from steepest.sources.base import Source
from steepest.threads import LARGE, alone, alone_on, cores

Array = NDArray[np.float64]

PICKS = ("min", "1se")

Told = Callable[[int, int], object]
"""Told how many penalties of how many are done."""


@dataclass(frozen=True)
class Curve:
    """A path of penalties on all rows, and the errors of its like on rows that were held out.

    Attributes
    ----------
    l1_ratio : float
    path : PenaltyPath
    criteria : Criteria
    errors : (m, s) array
        Mean squared errors on what every split holds out.
    mean, se : (m,) arrays
        Over the splits, and the standard error of that mean.
    in_se : float
        How far any coefficient of any split can be from its optimum, in standard errors of least squares.
    reached : bool
        Whether every certificate is within the tolerance.
    """

    l1_ratio: float
    path: PenaltyPath
    criteria: Criteria
    errors: Array
    in_se: float
    reached: bool

    @cached_property
    def mean(self) -> Array:
        return self.errors.mean(axis=1)

    @cached_property
    def se(self) -> Array:
        unit = np.ldexp(0.5, np.frexp(self.errors.max(axis=1))[1])  # squares of errors may exceed float64
        return (self.errors / unit[:, None]).std(axis=1, ddof=1) / np.sqrt(self.errors.shape[1]) * unit

    @property
    def lowest(self) -> int:
        """The penalty with the smallest mean error, the largest of equals."""
        return int(self.mean.argmin())

    @property
    def simplest(self) -> int:
        """The largest penalty whose mean error is within one standard error of the smallest.

        References
        ----------
        Breiman, Friedman, Olshen, Stone (1984), *Classification and Regression Trees*, section 3.4.3.
        """
        best = self.lowest
        return int(np.flatnonzero(self.mean <= self.mean[best] + self.se[best])[0])

    def picked(self, pick: str) -> int:
        return self.simplest if pick == "1se" else self.lowest


@dataclass(frozen=True)
class CrossValidation:
    """The curves of all mixtures, and the fit that was picked.

    Attributes
    ----------
    curves : tuple of Curve
    best : int
        The one with the smallest mean error.
    pick : {"min", "1se"}
    fit : Fit
    """

    curves: tuple[Curve, ...]
    best: int
    pick: str
    fit: Fit

    @property
    def curve(self) -> Curve:
        return self.curves[self.best]

    @property
    def alpha(self) -> float:
        return float(self.fit.parameters.alpha)


def select(
    apart: Mapping[Name, Moments],
    splits: Sequence[Split],
    parameters: Parameters,
    *,
    l1_ratios: Sequence[float],
    alphas: int | Sequence[float],
    eps: float,
    pick: str,
    counts: Counts,
    columns: Columns | None = None,
    told: Told | None = None,
) -> CrossValidation:
    """Return the paths of all splits, and the fit of all rows with the penalty that was picked.

    Parameters
    ----------
    apart : mapping of label to Moments
        What is in no split learns with all others at the end.
    splits : sequence of Split
    parameters : Parameters
        All but `alpha` and `l1_ratio`.
    l1_ratios : sequence of float
    alphas : int or sequence of float
        A number of penalties, or the penalties.
    eps : float
        The smallest of a number of penalties, beside the largest.
    pick : {"min", "1se"}
        The penalty with the smallest error, or the largest that is within one standard error of it.
    counts, columns : as in `steepest.fitting.solve`
    told : callable, optional
        Told after every penalty of a path how many there have been, of how many.
    """
    if not counts.used:
        raise no_rows(counts.read)
    check_asked(parameters, l1_ratios=l1_ratios, alphas=alphas, eps=eps, pick=pick)
    refuse_few(splits)
    splits = weighing(splits, apart)
    total = total_of(apart, sorted(apart, key=str))
    asked = [replace(parameters, l1_ratio=float(each)) for each in l1_ratios]
    with alone_on(total.p):
        whole = _equations(total, parameters)
        learning = [_equations(each, parameters) for each in training(apart, splits)]
        held = [total_of(apart, split.test) for split in splits]
        grids = [
            grid(whole, each, int(alphas), eps) if is_whole(alphas, 1) else decreasing(alphas)  # pyright: ignore
            for each in asked
        ]
        work = [
            (normal, each, values)
            for each, values in zip(asked, grids, strict=True)
            for normal in (whole, *learning)
        ]
        paths, size = _all(work, told), 1 + len(splits)
        curves = tuple(
            _curve(each, paths[at * size : (at + 1) * size], held) for at, each in enumerate(asked)
        )
    best = int(np.argmin([curve.mean.min() for curve in curves]))
    alpha = float(curves[best].path.alphas[curves[best].picked(pick)])
    fit = solve(total, replace(asked[best], alpha=alpha), counts=counts, columns=columns)
    return CrossValidation(curves, best, pick, fit)


def cross_validate(
    source: Source,
    parameters: Parameters,
    *,
    cv: int,
    given: bool = False,
    ordered: bool = False,
    watch: Watch | None = None,
    max_dropped: float = 1.0,
    told: Told | None = None,
    **asked: Any,
) -> CrossValidation:
    """Read a table once, and select a penalty.

    Parameters
    ----------
    source : Source
    parameters : Parameters
    cv : int
        Number of folds, to which rows are dealt at random, or by their labels where they have any.
    given : bool
        Whether the labels themselves are the folds.
    ordered : bool
        Whether every fold is predicted from those before it, in the order of their labels.
    watch, max_dropped : as in `steepest.fitting.fit`
    told, **asked : as in `select`
    """
    check_asked(parameters, **asked)
    if not given:
        check_folds(cv, source.rows)
        source = cast(Source, Dealt(source, cv, parameters.random_state or 0))
    gathered: tuple[Apart, Counts] = collect(source, Apart, watch=watch, max_dropped=max_dropped, sets=cv)
    (apart, counts), columns = gathered, source.columns
    if not given:
        check_folds(cv, counts.used or None)
    splits = (past_and_next if ordered else each_held_out)(apart.sets)
    refuse_changes(source)
    known = {"counts": counts, "columns": None if columns is None else replace(columns, labels=None)}
    return select(apart.sets, splits, parameters, told=told, **known, **asked)


def _equations(moments: Moments, parameters: Parameters) -> NormalEquations:
    return NormalEquations.of(moments, intercept=parameters.fit_intercept)


def _all(work: Sequence[tuple[NormalEquations, Parameters, Array]], told: Told | None) -> list[PenaltyPath]:
    """Return the paths of all work; in as many threads as there are cores, where that pays."""
    threads = cores() if work[0][0].k >= LARGE else 1
    steps, points, lock = itertools.count(1), sum(len(alphas) for *_, alphas in work), Lock()
    off = False

    def tick() -> None:
        if off:
            raise CancelledError
        with lock:
            if told is not None:
                told(next(steps), points)

    with alone():
        if threads == 1:
            return [path(*each, told=tick) for each in work]
        with ThreadPoolExecutor(threads) as pool:
            waiting = [pool.submit(path, *each, told=tick) for each in work]
            try:
                return [each.result() for each in waiting]
            finally:
                off = True
                pool.shutdown(wait=False, cancel_futures=True)


def _curve(parameters: Parameters, paths: Sequence[PenaltyPath], held: Sequence[Moments]) -> Curve:
    """Return the curve of a path on all rows, which comes first, and those of the splits."""
    first, *others = paths
    errors = [each.errors(m) for m, each in zip(held, others, strict=True)]
    furthest = max(float(each.in_se.max()) for each in paths)
    criteria = criteria_of(first, parameters)
    reached = all(each.reached for each in paths)
    return Curve(parameters.l1_ratio, first, criteria, np.column_stack(errors), furthest, reached)


def check_asked(
    parameters: Parameters,
    *,
    l1_ratios: Sequence[float],
    alphas: int | Sequence[float],
    eps: float,
    pick: str,
) -> None:
    """Raise `InputError` for what cannot be chosen from; see `select`."""
    if not l1_ratios:
        raise InputError("l1_ratio", "there is none", "Pass a number between 0 and 1, or several")
    for ratio in l1_ratios:
        check(replace(parameters, l1_ratio=ratio, alpha=1.0))
    if not is_whole(alphas, 1):
        decreasing(alphas)
    if not (is_real(eps) and 0 < eps < 1):
        raise InputError("eps", f"got {eps!r}", "Pass a number between 0 and 1")
    if pick not in PICKS:
        raise InputError("pick", f"got {pick!r}", choices(str(pick), PICKS))
