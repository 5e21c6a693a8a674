"""What is known before the last row has been read: estimates, and how far they may still move.

Pieces of the data that come in random order are a sample of all pieces. How much the coefficients depend on
which of them have been read is measured by leaving out one group of pieces at a time. That takes moments
alone, and it holds whatever the order of the rows within the pieces, sorted ones included.

References
----------
Busing, Meijer, van der Leeden (1999), *Delete-m jackknife for unequal m*, Statistics and Computing 9.
O'Neill (2014), *Some useful moment results in sampling problems*, The American Statistician 68 (the degrees
of freedom of a variance of values that are not normal).
Robbins (1970), *Statistical methods related to the law of the iterated logarithm*, Annals of Mathematical
Statistics 41 (the mixture boundary of a Brownian motion).
"""

# pyright: reportMissingTypeStubs=false
from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from numbers import Real
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy import special

from steepest.engines.tree import Tree
from steepest.errors import InputError, NotInferable, choices
from steepest.inference import INTERCEPT, inference, quantile
from steepest.moments import Moments
from steepest.normal import NormalEquations
from steepest.result import Fit, Sample
from steepest.sources.base import Source

Array = NDArray[np.float64]

LEVEL = 0.95

FEWEST = 10
"""Groups without which nothing is said about how far estimates may move."""

AIM = 0.1
"""Share of the rows at which intervals that hold at any time are narrowest, beside those for one time."""

MOST_GROUPS, MOST_NUMBERS = 64, 1 << 23
"""Groups that are kept apart, and numbers in them."""

LOOKS = 32
"""Looks on the way to twice as many pieces."""

WELL = 1e-10
"""Smallest eigenvalue of columns, as a mean share of all, with which estimates are shown on the way."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Estimates on the way, at 95 % confidence, in the user's units.

    Attributes
    ----------
    names : tuple of str
        ``"(intercept)"`` first when there is one, then the features that vary.
    estimate : (q,) array
    rows : int
    sigma, r2 : float
    move : (q,) array or None
        How far estimates may still move until the last row is read.
    reach : (q,) array or None
        Half-widths of intervals for what the rows are a sample of; in the end those of the fit.
    ordered : float
        How many times further estimates may move than if the rows themselves came in random order.
    """

    names: tuple[str, ...]
    estimate: Array
    rows: int
    sigma: float
    r2: float
    move: Array | None = None
    reach: Array | None = None
    ordered: float = 1.0


def most_groups(columns: int) -> int:
    """Return how many groups of moments of so many columns are kept apart; 2, if there is no room."""
    return MOST_GROUPS if MOST_GROUPS * columns**2 <= MOST_NUMBERS else 2


def standing(
    groups: Sequence[Moments], *, intercept: bool, share: float | None, always: bool = False
) -> Standing | None:
    """Return where the estimates stand after some pieces; None while the rows do not determine them.

    Parameters
    ----------
    groups : sequence of Moments
        The pieces, in groups of neighbours.
    intercept : bool
    share : float or None
        Of all rows, that which has been read; None if it is unknown, or the pieces come in no random order.
    always : bool
        Whether intervals hold at any time at which one may stop reading, and not at a time chosen before.
    """
    total = sum(groups[1:], groups[0])
    if not total.rows:
        return None
    normal = NormalEquations.of(total, intercept=intercept)
    if (
        normal.freedom < 1
        or not normal.t
        or (normal.k and np.linalg.eigvalsh(normal.gram.whole())[0] < WELL * normal.k)
    ):
        return None
    sums = _Sums.of(normal, groups)
    everything, freedom = sums.together(), normal.freedom
    estimate = everything.lines()[0]
    se, rss = everything.errors()
    known = Standing(
        names=(*((INTERCEPT,) if intercept else ()), *(total.names[j] for j in normal.active)),
        estimate=estimate,
        rows=total.rows,
        sigma=math.sqrt(rss / freedom * total.weight_unit) * sums.size[-1],
        r2=1 - rss / (normal.t * total.weight) * sums.scale[-1] ** 2,
    )
    groups_apart = len(sums.weight)
    if share is None or groups_apart < FEWEST:
        return known
    without = sums.without_each()
    if not without.determined():
        return known
    deviation, known_by = _deviation(estimate, without.lines(), sums.weight)
    left, se = math.sqrt(max(1 - share, 0.0)), math.sqrt(rss / freedom) * se
    move = special.stdtrit(known_by, (1 + LEVEL) / 2) * deviation * left
    expected = quantile(LEVEL, freedom) * se * math.sqrt(share)
    widened = float(np.max(np.divide(deviation, se, out=np.ones_like(se), where=se > 0)))
    return replace(
        known, move=move, reach=np.hypot(move * _at_any_time(share, always), expected), ordered=widened
    )


def _at_any_time(share: float, always: bool) -> float:
    """Return how many times wider an interval is that holds at any time."""
    if not always:
        return 1.0
    odds, surprise = share / max(1 - share, 1e-12), -2 * math.log(1 - LEVEL)
    mixture = AIM / (1 - AIM) / (surprise + math.log(surprise + 1))
    boundary = (1 + mixture / odds) * (math.log1p(odds / mixture) + surprise)
    return math.sqrt(boundary) / float(special.ndtri((1 + LEVEL) / 2))


def _deviation(estimate: Array, without: Array, weight: Array) -> tuple[Array, Array]:
    """Return the standard deviations (q,) of estimates, and their degrees of freedom (q,).

    They come from the estimates (g, q) that leave out one group each. Where a few groups tell most, as in
    rows that are sorted, there are fewer degrees of freedom than groups: as many as a multiple of chi squared
    has that varies like a variance of g values of their kurtosis, which is estimated without bias.
    """
    g, times = len(weight), (weight.sum() / weight)[:, None]
    pseudo = times * estimate - (times - 1) * without
    center = g * estimate - ((1 - 1 / times) * without).sum(axis=0)
    steps = (pseudo - center) / np.sqrt(times - 1)
    largest = np.abs(steps).max(axis=0)
    steps /= np.where(largest > 0, largest, 1.0)
    variance = np.mean(steps**2, axis=0)
    excess = np.mean(steps**4, axis=0) / np.where(largest > 0, variance, 1.0) ** 2 - 3
    unbiased = (g - 1) / ((g - 2) * (g - 3)) * ((g + 1) * excess + 6)
    return largest * np.sqrt(variance), 2 / (2 / (g - 1) + np.maximum(unbiased, 0.0) / g)


@dataclass(frozen=True, slots=True)
class _Sums:
    """Sums over some sets of rows about the mean of all (or about zero), every column in its own size.

    Attributes
    ----------
    weight : (g,) array
    first : (g, k+1) array, second : (g, k+1, k+1) array
        Sums of columns and of their products, the target last.
    mean, size, scale : (k+1,) arrays
        The mean of all rows (or zero) and the sizes of the columns in the user's units; the sizes in those
        of the moments.
    intercept : bool
    """

    weight: Array
    first: Array
    second: Array
    mean: Array
    size: Array
    scale: Array
    intercept: bool

    @classmethod
    def of(cls, normal: NormalEquations, groups: Sequence[Moments]) -> _Sums:
        m = normal.moments
        at = np.append(normal.active, m.p)
        scale, origin = np.append(normal.spread, math.sqrt(normal.t)), m.mean * float(normal.intercept)
        weights, firsts, seconds = list[float](), list[Array](), list[Array]()
        for group in groups:
            if not group.rows:
                continue
            factor = (group.unit / m.unit)[at]
            weight = group.weight * (group.weight_unit / m.weight_unit)
            apart = group.mean[at] * factor - origin[at]
            apart += group.mean_low[at] * factor - m.mean_low[at] * float(normal.intercept)
            mean, inner = apart / scale, factor / scale
            scatter = group.scatter[np.ix_(at, at)] * inner * inner[:, None] * (weight / group.weight)
            weights.append(weight)
            firsts.append(weight * mean)
            seconds.append(scatter + weight * mean * mean[:, None])
        mean = (origin + m.mean_low * float(normal.intercept))[at] * m.unit[at]
        arrays = (np.array(weights), np.array(firsts), np.array(seconds))
        return cls(*arrays, mean, scale * m.unit[at], scale, normal.intercept)

    def together(self) -> _Sums:
        """Return the sums over all sets, as one."""
        weight, first, second = (
            each.sum(axis=0, keepdims=True) for each in (self.weight, self.first, self.second)
        )
        return replace(self, weight=weight, first=first, second=second)

    def without_each(self) -> _Sums:
        """Return the sums over all sets but one, for each of them."""
        whole = self.together()
        return replace(
            self,
            weight=whole.weight - self.weight,
            first=whole.first - self.first,
            second=whole.second - self.second,
        )

    def determined(self) -> bool:
        """Return whether every set determines its coefficients, as all rows must."""
        centred = self._centred()[:, :-1, :-1]
        k = centred.shape[-1]
        return not k or bool((np.linalg.eigvalsh(centred)[:, 0] >= WELL * k * self.weight).all())

    def lines(self) -> Array:
        """Return the coefficients (g, q) of every set in the user's units, the intercept first."""
        centred = self._centred()
        u = np.linalg.solve(centred[:, :-1, :-1], centred[:, :-1, -1:])[..., 0]
        b = u * (self.size[-1] / self.size[:-1])
        if not self.intercept:
            return b
        above = (self.first[:, -1] - np.einsum("gj,gj->g", self.first[:, :-1], u)) / self.weight
        return np.column_stack([self.mean[-1] - b @ self.mean[:-1] + above * self.size[-1], b])

    def errors(self) -> tuple[Array, float]:
        """Return the standard errors (q,) of the first set's coefficients per residual sigma, and Σ w r²."""
        centred = self._centred()[0]
        inverse = np.linalg.inv(centred[:-1, :-1])
        rss = max(float(centred[-1, -1] - centred[:-1, -1] @ inverse @ centred[:-1, -1]), 0.0)
        errors = np.sqrt(np.diag(inverse)) * (self.size[-1] / self.size[:-1])
        if self.intercept:
            center = self.mean[:-1] / self.size[:-1]
            of_intercept = math.sqrt(1 / self.weight[0] + center @ inverse @ center) * self.size[-1]
            errors = np.append(of_intercept, errors)
        return errors, rss

    def _centred(self) -> Array:
        if not self.intercept:
            return self.second
        return self.second - self.first[:, :, None] * self.first[:, None, :] / self.weight[:, None, None]


class Until:
    """Ends a pass when intervals that hold at any time are narrow enough.

    Looks are taken at fixed numbers of pieces, so that where a pass ends depends on the data alone.

    Parameters
    ----------
    goals : mapping of str to float
        Half-widths by name of the coefficient.
    intercept : bool
    rows : int
        Of all pieces.
    """

    def __init__(self, goals: Mapping[str, float], *, intercept: bool, rows: int) -> None:
        self._goals, self._intercept, self._rows = goals, intercept, rows
        self.reached: Standing | None = None

    @classmethod
    def of(cls, source: Source, goals: Mapping[str, float], *, intercept: bool) -> Self:
        """Return what ends a pass over a source; raise `InputError` if that cannot be known."""
        names = [*source.names[:-1], *([INTERCEPT] if intercept else [])]
        if most_groups(len(source.names)) < FEWEST:
            what = f"{len(source.names)} columns are too many to keep groups of their moments apart"
            raise InputError("until", what, "Choose fewer features, or read all rows")
        for name, goal in goals.items():
            if name not in names:
                raise InputError("until", f"there is no coefficient {name!r}", choices(name, names))
            if not (isinstance(goal, Real) and 0 < goal < math.inf):
                raise InputError("until", f"the half-width of {name!r} is {goal!r}", "Pass a positive number")
        if source.rows is None or not source.shuffled:
            what = "rows that come in their own order say nothing about the others"
            fix = 'Read Parquet or Arrow files with order="random", or read all rows'
            raise InputError("until", what, fix, code="order")
        return cls(goals, intercept=intercept, rows=source.rows)

    def __call__(self, tree: Tree) -> bool:
        """Return whether all goals are reached by what was gathered so far, moments first."""
        pieces = tree.pieces
        if pieces < FEWEST or pieces % max((1 << pieces.bit_length() - 1) // LOOKS, 1):
            return False
        groups, share = [moments for moments, *_ in tree.groups()], tree.rows / self._rows
        stands = standing(groups, intercept=self._intercept, share=share, always=True)
        if stands is None or stands.reach is None:
            return False
        reach = dict(zip(stands.names, stands.reach.tolist(), strict=True))
        if tree.rows >= self._rows or any(
            reach.get(name, math.inf) > goal for name, goal in self._goals.items()
        ):
            return False
        self.reached = stands
        return True


def sample_of(fit: Fit, stands: Standing, rows: int | None) -> Sample:
    """Return what a fit is that read only some of the rows."""
    try:
        ordinary = inference(fit, LEVEL)
    except NotInferable:
        return Sample(rows or fit.counts.read, (1.0,) * (fit.moments.p + fit.normal.intercept))
    reach = dict(zip(stands.names, [] if stands.reach is None else stands.reach.tolist(), strict=True))
    halves = (ordinary.high - ordinary.low) / 2
    widening = (
        max(1.0, reach.get(name, half) / half) for name, half in zip(ordinary.names, halves, strict=True)
    )
    return Sample(rows or fit.counts.read, tuple(widening))
