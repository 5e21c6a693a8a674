"""Models of the same rows beside each other: information criteria, and tests of nested ones."""

# pyright: reportMissingTypeStubs=false
from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy import special

from steepest.errors import InputError, NotInferable
from steepest.inference import Inference, inference
from steepest.result import Fit

SAME = 1e-12
"""Share of its size by which a number of the same rows may differ."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One of the models.

    Attributes
    ----------
    names : tuple of str
        Its features.
    intercept : bool
    df : int
        Residual degrees of freedom.
    rss : float
        Weighted residual sum of squares, in squared units of the target.
    sigma, r2_adj, loglik, aic, bic : float
        As in `steepest.inference.Inference`.
    delta_aic, delta_bic : float
        What the criteria exceed the smallest of all models by.
    """

    names: tuple[str, ...]
    intercept: bool
    df: int
    rss: float
    sigma: float
    r2_adj: float
    loglik: float
    aic: float
    bic: float
    delta_aic: float
    delta_bic: float


@dataclass(frozen=True, slots=True)
class NestedTest:
    """The test that a larger model explains no more than one that is nested in it.

    Attributes
    ----------
    small, large : int
        Places of the models, from 1.
    df1, df2 : int
        Parameters that the larger one has more, and its residual degrees of freedom.
    f, f_p : float
        Exact for normal errors.
    chi2, chi2_p : float
        Of the likelihood ratio, on `df1` degrees of freedom; right for many rows.
    """

    small: int
    large: int
    df1: int
    df2: int
    f: float
    f_p: float
    chi2: float
    chi2_p: float


@dataclass(frozen=True, slots=True)
class Untested:
    """Two models between which there is no test, and why."""

    first: int
    second: int
    reason: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """Models of the same rows.

    Attributes
    ----------
    target : str
    rows : int
    weighted : bool
    models : tuple of Candidate
        In the order given.
    tests : tuple of NestedTest or Untested
        Of each model and the one after it.
    """

    target: str
    rows: int
    weighted: bool
    models: tuple[Candidate, ...]
    tests: tuple[NestedTest | Untested, ...]


def compare(*fits: Fit) -> Comparison:
    """Compare models of the same rows.

    Parameters
    ----------
    *fits : Fit
        Two or more.

    Raises
    ------
    InputError
        If they are not of the same rows and target, naming what differs.
    NotInferable
        If one of them supports no inference, with the reason.

    References
    ----------
    Akaike (1974), *A new look at the statistical model identification*, IEEE Transactions on Automatic
    Control 19.
    Burnham, Anderson (2002), *Model selection and multimodel inference*, 2nd edition, section 2.6 (what
    differences of the criterion mean).
    Seber, Lee (2003), *Linear regression analysis*, 2nd edition, theorem 4.1 (the F test).
    """
    if len(fits) < 2:
        raise InputError("compare", "there is nothing to compare with", "Pass two models or more")
    for at, other in enumerate(fits[1:], 2):
        _refuse_other_rows(fits[0], other, at)
    answers = [_inference(fit, at) for at, fit in enumerate(fits, 1)]
    aic, bic = (min(getattr(answer, name) for answer in answers) for name in ("aic", "bic"))
    return Comparison(
        target=fits[0].target,
        rows=fits[0].moments.rows,
        weighted=fits[0].weighted,
        models=tuple(_candidate(*each, aic, bic) for each in zip(fits, answers, strict=True)),
        tests=tuple(_tested(a, b) for a, b in pairwise(enumerate(fits, 1))),
    )


def _inference(fit: Fit, at: int) -> Inference:
    try:
        return inference(fit)
    except NotInferable as error:
        raise NotInferable(f"model {at}", error.what, error.fix) from None


def _candidate(fit: Fit, answer: Inference, aic: float, bic: float) -> Candidate:
    return Candidate(
        names=fit.names,
        intercept=fit.normal.intercept,
        df=answer.df,
        rss=answer.sigma * answer.sigma * answer.df,
        sigma=answer.sigma,
        r2_adj=answer.r2_adj,
        loglik=answer.loglik,
        aic=answer.aic,
        bic=answer.bic,
        delta_aic=answer.aic - aic,
        delta_bic=answer.bic - bic,
    )


def _refuse_other_rows(first: Fit, other: Fit, at: int) -> None:
    """Raise `InputError` if the target or the rows of a model are not those of the first, and say in what."""
    differ = list[str]()
    for (what, mine, size), (_, its, its_size) in zip(_identity(first), _identity(other), strict=True):
        if mine != its and not abs(mine - its) <= SAME * max(size, its_size):
            differ.append(f"{what} ({mine:.13g} and {its:.13g})")
    if first.target != other.target:
        differ = [f"the target ({first.target} and {other.target})"]
    if differ:
        fix = "Fit both to the same target and rows: where cells are missing, drop those rows first"
        raise InputError(f"models 1 and {at}", f"they differ in {', '.join(differ)}", fix)


def _identity(fit: Fit) -> tuple[tuple[str, float, float], ...]:
    """Return the numbers that tell rows from others: what each is, itself, its size."""
    m = fit.moments.select([]).dense()
    unit = float(m.unit[0])
    mean, spread = float(m.mean[0] + m.mean_low[0]) * unit, math.sqrt(m.scatter[0, 0] / m.weight) * unit
    weight = m.weight * m.weight_unit
    return (
        ("the number of rows", m.rows, 0.0),
        ("the total weight", weight, weight),
        ("the sum of log weights", m.sum_log_weight, max(abs(m.sum_log_weight), m.rows)),
        (f"the mean of {fit.target}", mean, max(abs(mean), spread)),
        (f"the standard deviation of {fit.target}", spread, spread),
    )


def _tested(first: tuple[int, Fit], second: tuple[int, Fit]) -> NestedTest | Untested:
    """Return the test of two models, each with its place."""
    between = (first[0], second[0])
    for (at, small), (above, large) in ((first, second), (second, first)):
        if not (set(small.names) <= set(large.names) and small.normal.intercept <= large.normal.intercept):
            continue
        if not small.moments.agrees(large.moments.select(small.names)):
            return Untested(*between, "not nested, columns of one name differ: AIC and BIC decide")
        s, n = small.normal, large.normal
        df1 = n.rank + n.intercept - s.rank - s.intercept
        if df1 <= 0:
            return Untested(*between, "nothing to test, both have the same fitted values")
        excess, mean_square = _excess(small, large), n.residual / n.freedom
        f, chi2 = excess / df1 / mean_square, n.moments.rows * math.log1p(excess / n.residual)
        tails = float(special.fdtrc(df1, n.freedom, f)), float(special.chdtrc(df1, chi2))
        return NestedTest(at, above, df1, n.freedom, f, tails[0], chi2, tails[1])
    return Untested(*between, "not nested, neither has all terms of the other: AIC and BIC decide")


def _excess(small: Fit, large: Fit) -> float:
    """Return by how much RSS/W of a nested model exceeds that of the larger one, in units of its moments.

    It is the squared length of the difference of the fitted values, not a difference of two sums of squares:
    no digits cancel.
    """
    s, n = small.normal, large.normal
    at = {name: j for j, name in enumerate(large.names)}
    coef = np.zeros(len(large.names))
    coef[[at[name] for name in small.names]] = s.coefficients(s.step)[0]
    d, mean_residual = n.displacement(coef, 0.0)
    return 2 * n.gap(d) + (0.0 if s.intercept else mean_residual**2)
