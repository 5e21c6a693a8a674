"""`Facts`: a fit as plain data, the one place that every table and figure is made from."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from steepest.descent import Status
from steepest.errors import NotInferable, count, listed
from steepest.inference import INTERCEPT, Inference, inference
from steepest.plain import finite
from steepest.relations import leaks, nearly, relations
from steepest.report.verdict import advice
from steepest.result import EarlyStop, Fit


@dataclass(frozen=True, slots=True)
class Term:
    """One row of the table of coefficients; None where the fit cannot say.

    `reach` is how far rounding can have moved the estimate.
    """

    name: str
    estimate: float
    se: float | None = None
    t: float | None = None
    p: float | None = None
    low: float | None = None
    high: float | None = None
    reach: float = 0.0


@dataclass(frozen=True, slots=True)
class Shrinkage:
    """What holds the coefficients back; `kept` of them are not zero."""

    alpha: float
    l1_ratio: float
    positive: bool
    kept: int


@dataclass(frozen=True, slots=True)
class Facts:
    """A fit as plain data.

    Attributes
    ----------
    target, names : str, tuple of str
        The formula's two sides, without the intercept.
    intercept, weighted : bool
    rows : int
    terms : tuple of Term
    level : float
    refusal : str or None
        Why there are no standard errors.
    statistics : mapping of str to float or None
        ``sigma df r2 r2_adj f f_p loglik aic bic``.
    converged, exact : bool
        `exact` if the coefficients are those of the exact answer up to rounding.
    distance, floor, gap : float
    unit : str
        Of `distance` and `floor`.
    worst : str or None
        The coefficient furthest from the exact answer.
    steps : int
    step : str
        What a step is called.
    method : str
    status : str
        Why the descent ended.
    advice : str
        What to do about a fit that did not converge.
    radius : float or None
        How far from the exact answer the points of a stochastic method are, in `unit`.
    early : EarlyStop or None
    penalty : Shrinkage or None
    scale : str
        The coordinates of the descent.
    again : int
        Passes that measured the rows again, because moments were not precise enough.
    passes : int
        All passes over the rows.
    condition : float
        Condition number of the columns, each divided by its spread.
    read, used : int
    of : int or None
        All rows that there are, if not all were read.
    dropped : mapping of str to int
    weight : float
        Sum of the weights.
    notes : tuple of str
    """

    target: str
    names: tuple[str, ...]
    intercept: bool
    weighted: bool
    rows: int
    terms: tuple[Term, ...]
    level: float
    refusal: str | None
    statistics: dict[str, float | None]
    converged: bool
    exact: bool
    distance: float
    floor: float
    gap: float
    unit: str
    worst: str | None
    steps: int
    step: str
    method: str
    status: str
    advice: str
    radius: float | None
    early: EarlyStop | None
    penalty: Shrinkage | None
    scale: str
    again: int
    passes: int
    condition: float
    read: int
    of: int | None
    used: int
    dropped: dict[str, int]
    weight: float
    notes: tuple[str, ...]

    @property
    def diverged(self) -> bool:
        return self.status == Status.DIVERGED.value

    @property
    def circling(self) -> bool:
        return self.status == Status.CIRCLING.value

    def _data(self) -> dict[str, Any]:
        """Return what became of the rows; ``of`` is there if not all were read."""
        of = {} if self.of is None else {"of": self.of}
        return {"read": self.read, **of, "used": self.used, "dropped": self.dropped}

    def to_dict(self) -> dict[str, Any]:
        """Return the facts in the shape of the command line's JSON; numbers that do not exist are None."""
        fields = ("name", "estimate", "se", "t", "p", "low", "high")
        return {
            "model": {
                "target": self.target,
                "intercept": self.intercept,
                "level": self.level,
                "penalty": None if self.penalty is None else asdict(self.penalty),
                "terms": [{field: finite(getattr(term, field)) for field in fields} for term in self.terms],
            },
            "fit": {"rows": self.rows, **{name: finite(value) for name, value in self.statistics.items()}},
            "convergence": {
                "reached": self.converged,
                "distance_se": finite(self.distance),
                "unit": self.unit,
                "gap": finite(self.gap),
                "floor": finite(self.floor),
                "iterations": self.steps,
                "method": self.method,
                "status": self.status,
                "advice": self.advice,
                "noise_radius": finite(self.radius),
                "early_stop": None if self.early is None else _plain_early(self.early),
                "passes": self.passes,
                "condition": finite(self.condition),
            },
            "data": self._data(),
            "warnings": list(self.notes),
        }


def facts(fit: Fit, level: float = 0.95) -> Facts:
    """Return a fit as plain data, with intervals of this level where inference is possible."""
    try:
        answer, refusal = inference(fit, level), None
    except NotInferable as error:
        answer, refusal = None, error.what
    certificate, moments = fit.certificate, fit.moments
    return Facts(
        target=fit.target,
        names=fit.names,
        intercept=fit.parameters.fit_intercept,
        weighted=fit.weighted,
        rows=moments.rows,
        terms=_terms(fit, answer),
        level=level,
        refusal=refusal,
        statistics=_statistics(fit, answer),
        converged=fit.converged,
        exact=fit.converged and fit.normal.exact,
        distance=certificate.in_se,
        floor=certificate.floor,
        gap=certificate.gap * float(moments.unit[-1]) * float(moments.unit[-1]),
        unit=certificate.unit,
        worst=certificate.worst_name,
        steps=fit.steps,
        step=fit.step,
        method=fit.method,
        status=fit.status.value,
        advice=advice(fit),
        radius=fit.radius,
        early=fit.early,
        penalty=_shrinkage(fit),
        scale=fit.parameters.coordinates,
        again=fit.normal.expansion.passes,
        passes=fit.passes,
        condition=fit.normal.condition if fit.normal.rank == fit.normal.k else math.inf,
        read=fit.counts.read,
        of=None if fit.sample is None else fit.sample.rows,
        used=fit.counts.used,
        dropped=dict(fit.counts.dropped),
        weight=moments.weight * moments.weight_unit,
        notes=_notes(fit),
    )


def _shrinkage(fit: Fit) -> Shrinkage | None:
    asked = fit.parameters
    if not asked.penalised:
        return None
    kept = int(np.count_nonzero(fit.coef))
    return Shrinkage(float(asked.alpha), float(asked.l1_ratio), bool(asked.positive), kept)


def _terms(fit: Fit, answer: Inference | None) -> tuple[Term, ...]:
    if answer is None:
        reach = np.zeros(fit.moments.p + 1)
        reach[[*fit.normal.active, -1]] = fit.reach
        each = zip(fit.names, fit.coef.tolist(), reach[:-1].tolist(), strict=True)
        terms = [Term(name, estimate, reach=error) for name, estimate, error in each]
        first = [Term(INTERCEPT, fit.intercept, reach=float(reach[-1]))] if fit.normal.intercept else []
        return (*first, *terms)
    columns = (answer.estimate, answer.se, answer.t, answer.p, answer.low, answer.high)
    rows = zip(answer.names, *(column.tolist() for column in columns), strict=True)
    terms: list[Term] = []
    for name, estimate, *rest in rows:
        se, t, p, low, high = map(finite, rest)
        terms.append(Term(name, estimate, se, t, p, low, high))
    return tuple(terms)


def _statistics(fit: Fit, answer: Inference | None) -> dict[str, float | None]:
    if answer is not None:
        names = ("sigma", "df", "r2", "r2_adj", "f", "f_p", "loglik", "aic", "bic")
        return {name: finite(getattr(answer, name)) for name in names}
    return {"r2": finite(fit.r2)}


def _notes(fit: Fit) -> tuple[str, ...]:
    notes: list[str] = []
    if fit.constant:
        names = ", ".join(fit.constant[:10])
        verb = "does" if len(fit.constant) == 1 else "do"
        zero = "" if fit.status is Status.OUT_OF_EPOCHS else ": coefficient exactly 0"
        notes.append(f"{names} {verb} not vary{zero}")
    notes += _dependence(fit)
    notes += [f"{name} determines {fit.target} exactly: is it a copy of it?" for name in leaks(fit.normal)]
    notes += map(str, fit.codes)
    if not fit.normal.t > 0:
        notes.append(f"{fit.target} does not vary: R2 is undefined")
    return tuple(notes)


def _dependence(fit: Fit) -> list[str]:
    """Return what is to be said about columns that follow from others, or nearly do."""
    normal, least = fit.normal, "coefficients of smallest norm"
    if fit.parameters.penalised:
        return []
    if fit.normal.expansion.doubtful:
        return [
            f"{normal.k - normal.rank} of {normal.k} columns are so nearly combinations of the others that"
            " moments cannot tell them apart: leave them out, or replace columns by their differences"
        ]
    rows = normal.moments.rows - normal.intercept
    if normal.rank == rows < normal.k:
        return [f"{count(normal.moments.rows, 'row')} cannot tell {normal.k} columns apart: {least}"]
    close = nearly(normal)
    if close:
        return [
            f"{listed(close, 4)} nearly depend on each other (condition number {normal.condition:.1e}):"
            " small changes of the data change their coefficients much"
        ]
    found = [str(relation) for relation in relations(normal)]
    if not found:
        return []
    more = f" (and {len(found) - 3} more relations)" if len(found) > 3 else ""
    text = "; ".join(found[:3]) + more
    return [f"{text}: {least}, and standard errors only where the data determine them"]


def _plain_early(early: EarlyStop) -> dict[str, Any]:
    return {name: finite(value) for name, value in asdict(early).items()}
