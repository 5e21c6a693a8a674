"""`Fit`: what a fit knows, in plain arrays and numbers. Everything above reads only this."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from steepest.cells import refuse
from steepest.certificate import Certificate
from steepest.chunk import Chunk, Counts
from steepest.codes import Code
from steepest.columns import Columns
from steepest.descent import Status
from steepest.exact import divide, dot
from steepest.limits import forecast, limits_of
from steepest.methods.base import Limits
from steepest.moments import Moments
from steepest.normal import NormalEquations
from steepest.objective import Quadratic
from steepest.parameters import Parameters
from steepest.trace import Row

Array = NDArray[np.float64]

UNDETERMINED = 1e-6
"""Share of a vector outside the row space of the data from which they do not determine it."""

STEEP = 1e5
"""Condition number of the columns from which fitted means are evaluated in pairs."""


@dataclass(frozen=True, slots=True)
class EarlyStop:
    """Where a descent was stopped on purpose, and what that amounts to.

    Attributes
    ----------
    criterion : str
        ``"gcv"`` or ``"aic"``.
    value : float
        Of the criterion.
    df : float
        Effective degrees of freedom, the intercept included.
    ridge : float
        The penalty of ridge regression, in the coordinates of the descent, with as many.
    """

    criterion: str
    value: float
    df: float
    ridge: float


@dataclass(frozen=True, slots=True)
class Sample:
    """What a fit is that read only some of the rows, in random order, until intervals were narrow enough.

    Attributes
    ----------
    rows : int
        All that there are.
    widening : (q,) tuple of float
        How many times wider than ordinary ones intervals are that hold whenever the reading stopped: of the
        intercept, if there is one, and of every feature.
    """

    rows: int
    widening: tuple[float, ...]


@dataclass(frozen=True)
class Fit:
    """A fitted line, and how far it can be from the exact one.

    Attributes
    ----------
    coef : (p,) array
    intercept : float
        In the user's units; 0.0 without an intercept.
    offset : (k,) array, mean_residual : float
        Where the descent ended, in the coordinates of `normal`: coefficients and intercept are this, rounded.
    problem : Quadratic
        The moments of the data, their exact answer, and the coordinates of the descent.
    parameters : Parameters
    method : str
        Title of the method that ran.
    status : Status
    steps : int
    bound : Certificate
        Without the coefficient that is furthest away, which `certificate` adds.
    counts : Counts
        What became of the rows.
    columns : Columns or None
        The meaning of a table's columns, when the data had any.
    repeatable : bool
        Whether the rows could have been read again.
    codes : tuple of Code
        Numbers that may stand for missing values.
    began : (size,) array or None
        Where the descent began, unless it began with coefficients of zero.
    trace : tuple of Row
        The way there; empty for a fit from a model file.
    pace : float or None
        What a step has lately multiplied the distance from the exact answer by.
    radius : float or None
        Of a stochastic method: how far its points are from the exact answer, in the unit of `bound`.
    early : EarlyStop or None
    sample : Sample or None
        If not all rows were read.
    """

    coef: Array
    intercept: float
    offset: Array
    mean_residual: float
    problem: Quadratic
    parameters: Parameters
    method: str
    status: Status
    steps: int
    bound: Certificate
    counts: Counts = field(default_factory=Counts)
    columns: Columns | None = None
    repeatable: bool = True
    codes: tuple[Code, ...] = ()
    began: Array | None = None
    trace: tuple[Row, ...] = ()
    pace: float | None = None
    radius: float | None = None
    early: EarlyStop | None = None
    sample: Sample | None = None

    @property
    def normal(self) -> NormalEquations:
        return self.problem.normal

    @cached_property
    def limits(self) -> Limits:
        """What the curvature of the data allows the method, and promises of it."""
        p, problem = self.parameters, self.problem
        start = problem.start if self.began is None else self.began
        found = limits_of(p.learning_rate, p.way, problem, smooth=bool(p.early_stopping))
        found = forecast(found, problem.gap(start), problem.yardstick, problem.tolerance(p.tol))
        if found.steps is None or not p.on_rows or self.began is not None:
            return found
        return replace(found, steps=found.steps + self.normal.expansion.passes)

    @property
    def epochs(self) -> bool:
        """Whether the steps were epochs, which visit all rows."""
        return self.status is Status.OUT_OF_EPOCHS or self.parameters.way.stochastic

    @property
    def step(self) -> str:
        """What a step is called: an epoch, if it visits the rows."""
        return "epoch" if self.epochs else "step"

    @property
    def passes(self) -> int:
        """Passes over the rows: for the moments, for what they were not precise enough for, and epochs."""
        return 1 + self.normal.expansion.passes + (self.steps if self.epochs else 0)

    @property
    def moments(self) -> Moments:
        return self.normal.moments

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the features, one for every coefficient."""
        return self.moments.names[:-1]

    @property
    def target(self) -> str:
        return self.moments.names[-1]

    @cached_property
    def certificate(self) -> Certificate:
        """How far the coefficients can be from the exact answer, and which of them is furthest away."""
        n = self.normal
        answer = self.problem.answer
        unknown = n.se is None or self.bound.unit != "se" or not math.isfinite(self.bound.gap)
        if n.se is None or unknown or answer is None or not n.k + n.intercept:
            return self.bound
        moved = self.offset - answer
        names: list[str] = [n.moments.names[j] for j in n.active]
        away = np.divide(np.abs(moved), n.inflation, out=np.zeros(n.k), where=n.inflation > 0)
        if n.intercept:
            names.append("(intercept)")
            away = np.append(away, abs(self.mean_residual - n.center @ moved) / n.intercept_inflation)
        worst = int(away.argmax())
        return replace(self.bound, worst=float(away[worst]) / n.se, worst_name=names[worst])

    @cached_property
    def reach(self) -> Array:
        """How far rounding can have moved each coefficient (k,) of columns that vary, and last the intercept.

        In the user's units: the floor of the certificate, coefficient by coefficient.
        """
        n, m = self.normal, self.moments
        if not math.isfinite(self.bound.floor):
            return np.full(n.k + 1, math.inf)
        scale = n.se if n.se is not None and self.bound.unit == "se" else math.sqrt(n.t) or abs(n.y_mean)
        with np.errstate(over="ignore", under="ignore"):
            slopes = n.inflation / n.spread * (m.unit[-1] / m.unit[n.active])
            return np.append(slopes, n.intercept_inflation * m.unit[-1]) * (self.bound.floor * scale)

    @property
    def weighted(self) -> bool:
        """Whether the rows had weights other than one."""
        return self.moments.weighted

    @property
    def converged(self) -> bool:
        """Whether the certificate is within the tolerance."""
        return self.status is Status.CONVERGED

    @property
    def sigma(self) -> float:
        """Residual standard deviation of the exact answer, in units of the target; NaN without freedom."""
        n = self.normal
        if n.freedom <= 0:
            return math.nan
        variance = n.residual * (n.moments.weight / n.freedom)
        return math.sqrt(variance) * math.sqrt(n.moments.weight_unit) * float(n.moments.unit[-1])

    @property
    def r2(self) -> float:
        """1 - RSS/TSS of these coefficients; NaN when the target does not vary."""
        n = self.normal
        above = self.bound.gap if not self.parameters.penalised else n.gap(self.offset)
        return 1 - (n.residual + 2 * above) / n.t if n.t > 0 else math.nan

    @property
    def constant(self) -> tuple[str, ...]:
        """Features that do not vary; their coefficients are exactly zero."""
        if self.normal.k == len(self.names):
            return ()
        varies = set(self.normal.active.tolist())
        return tuple(name for j, name in enumerate(self.names) if j not in varies)

    def predict(self, chunk: Chunk) -> Array:
        """Return the fitted means (n,) of rows of features; cells that are not finite are refused.

        They are evaluated about the means of the data, where no digit is lost to large offsets, and in
        pairs where columns nearly depend on each other.
        """
        n = self.normal
        slopes, level = n.slopes(self.offset), n.y_mean + n.expansion.shift + self.mean_residual
        with np.errstate(invalid="ignore", over="ignore"):
            if n.condition > STEEP:
                means = dot(n.centred(chunk), divide(slopes, n.spread)) + level
            else:
                means = np.einsum("ij,j->i", n.coordinates(chunk), slopes[0]) + level
            means *= float(self.moments.unit[-1])
        if self.constant or not np.isfinite(means).all():
            refuse(chunk)
        return means

    def mean_se(self, chunk: Chunk) -> Array:
        """Return the standard errors (n,) of the fitted means, in units of the target.

        They are NaN for rows whose mean the data do not determine.
        """
        n = self.normal
        Z = n.coordinates(chunk)
        E = Z @ n.root.T
        squares = np.einsum("ij,ij->i", E, E) + n.intercept
        lost = np.linalg.norm(n.expansion.outside(Z), axis=1) > UNDETERMINED * np.linalg.norm(Z, axis=1)
        size = math.sqrt(n.residual / n.freedom) * float(n.moments.unit[-1])
        size *= 1.0 if self.sample is None else np.nanmax(self.sample.widening)
        return np.where(lost, np.nan, np.sqrt(squares) * size)
