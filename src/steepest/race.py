"""A race: several methods on the same moments, from the same start, to the same tolerance."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from steepest.fitting import Observer, Rows, Watch, collect, prepare, settle
from steepest.parameters import Parameters, check
from steepest.result import Fit
from steepest.sources.base import Source


@dataclass(frozen=True, slots=True)
class Lap:
    """What one method needed, beside the moments that all of them share.

    Attributes
    ----------
    name : str
    fit : Fit
    seconds : float
        For the limits, the descent and the certificate.
    """

    name: str
    fit: Fit
    seconds: float


@dataclass(frozen=True, slots=True)
class Race:
    """The laps, the closest to its goal first.

    Attributes
    ----------
    laps : tuple of Lap
    passes : int
        Passes over the rows for what all methods share.
    seconds : float
        That they took.
    """

    laps: tuple[Lap, ...]
    passes: int
    seconds: float


def race(
    source: Source,
    parameters: Parameters,
    methods: Sequence[str],
    *,
    watch: Watch | None = None,
    observe: Observer | None = None,
    max_dropped: float = 1.0,
) -> Race:
    """Run methods on the same moments and return what each of them needed.

    Those that converged come first, the one with the fewest steps leading; the others follow by distance.

    Parameters
    ----------
    source : Source
    parameters : Parameters
        All but the method.
    methods : sequence of str
    watch, observe, max_dropped : as in `steepest.fitting.fit`
    """
    check(parameters)
    started = time.perf_counter()
    moments, counts = collect(source, watch=watch, max_dropped=max_dropped)
    rows = Rows(source, watch) if source.repeatable else None
    normal, codes = prepare(moments, parameters, rows)
    shared = time.perf_counter() - started
    laps: list[Lap] = []
    for name in methods:
        started = time.perf_counter()
        asked = replace(parameters, method=name)
        known = {"counts": counts, "columns": source.columns, "codes": codes}
        fit = settle(normal, asked, rows=rows, observe=observe, **known)
        laps.append(Lap(name, fit, time.perf_counter() - started))
    return Race(tuple(sorted(laps, key=_rank)), 1 + normal.expansion.passes, shared)


def _rank(lap: Lap) -> tuple[bool, float]:
    return (not lap.fit.converged, lap.fit.steps if lap.fit.converged else lap.fit.bound.in_se)
