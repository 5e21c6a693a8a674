"""Normal-theory inference: a function of the fit; the data are long gone."""

# pyright: reportMissingTypeStubs=false
from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from steepest.chunk import Chunk
from steepest.descent import Status
from steepest.errors import InputError, NotInferable, count
from steepest.likelihood import likelihood
from steepest.result import UNDETERMINED, Fit
from steepest.threads import alone_on

Array = NDArray[np.float64]

LARGEST_DISTANCE = 0.1
"""Standard errors from the exact answer beyond which no inference is given."""

INTERCEPT = "(intercept)"


@dataclass(frozen=True, slots=True)
class Inference:
    """Standard errors, tests and intervals of a fit.

    Attributes
    ----------
    names : tuple of str
        ``"(intercept)"`` first when there is one, then the features.
    estimate, se, t, p, low, high : (k,) arrays
        One entry for every name; two-sided p-values; NaN for a coefficient that the data do not determine.
    covariance : (k, k) array
    level : float
        Coverage of ``low .. high``.
    n, rank, df : int
        Rows of positive weight, determined parameters without the intercept, residual degrees of freedom.
    sigma, r2, r2_adj : float
        Without an intercept R2 is about zero.
    f, f_p : float
        Test that all coefficients but the intercept are zero.
    loglik, aic, bic : float
        Information criteria count sigma as a parameter.
    """

    names: tuple[str, ...]
    estimate: Array
    se: Array
    t: Array
    p: Array
    low: Array
    high: Array
    covariance: Array
    level: float
    n: int
    rank: int
    df: int
    sigma: float
    r2: float
    r2_adj: float
    f: float
    f_p: float
    loglik: float
    aic: float
    bic: float


def inference(fit: Fit, level: float = 0.95) -> Inference:
    """Return standard errors, t tests and intervals of the coefficients.

    Parameters
    ----------
    fit : Fit
    level : float
        Coverage of the intervals, between 0 and 1.

    Raises
    ------
    NotInferable
        If the theory does not hold for this fit, or it is more than 0.1 standard errors away.
    """
    refuse(fit)
    n = fit.normal
    m = n.moments
    with alone_on(n.k):
        covariance, scale = _scaled_covariance(fit)
    if fit.sample is not None:
        scale = scale * fit.sample.widening
    se = np.sqrt(np.diag(covariance)) * scale
    estimate, names = fit.coef, fit.names
    if n.intercept:
        estimate, names = np.append(fit.intercept, estimate), (INTERCEPT, *names)
    t = estimate / se
    with np.errstate(over="ignore", under="ignore"):
        covariance = covariance * scale * scale[:, None]
    reach = quantile(level, n.freedom) * se
    rss = n.residual + 2 * fit.bound.gap
    mean_square = n.residual / n.freedom
    f = (n.t - rss) / n.rank / mean_square if n.rank else math.nan
    like = likelihood(m, rss * m.weight, n.rank + n.intercept)
    return Inference(
        names=names,
        estimate=estimate,
        se=se,
        t=t,
        p=2 * special.stdtr(n.freedom, -np.abs(t)),
        low=estimate - reach,
        high=estimate + reach,
        covariance=covariance,
        level=level,
        n=m.rows,
        rank=n.rank,
        df=n.freedom,
        sigma=fit.sigma,
        r2=fit.r2,
        r2_adj=1 - (1 - fit.r2) * (m.rows - n.intercept) / n.freedom,
        f=f,
        f_p=float(special.fdtrc(n.rank, n.freedom, f)) if n.rank else math.nan,
        loglik=like.loglik,
        aic=like.aic,
        bic=like.bic,
    )


def refuse(fit: Fit) -> None:
    """Raise `NotInferable` where normal theory says nothing honest about a fit."""
    n, certificate = fit.normal, fit.bound
    if fit.parameters.penalised:
        raise NotInferable(
            "inference",
            "the penalty biases the coefficients, by how much the data cannot tell"
            if fit.parameters.alpha
            else "coefficients that must not be negative follow no t distribution",
            "Fit the features that were kept with alpha=0 to rows that did not choose them, or bootstrap",
        )
    if n.freedom <= 0:
        determined = n.rank + n.intercept
        raise NotInferable(
            "inference",
            f"{count(n.moments.rows, 'row')} for {count(determined, 'parameter')} leave no freedom",
            "Fit more rows, or fewer features",
        )
    if certificate.unit != "se":
        raise NotInferable(
            "inference",
            "the residuals are rounding noise: standard errors and tests would mean nothing",
            "Read the coefficients as they are",
        )
    if not math.isfinite(certificate.floor):
        raise NotInferable(
            "inference",
            "columns are too nearly dependent for the moments to tell how far the coefficients can be off",
            "Leave one of them out, or replace columns by their differences",
        )
    if fit.early is not None:
        raise NotInferable(
            "inference",
            "early stopping shrinks the coefficients: least squares' standard errors are not theirs",
            "Fit with early_stopping=False",
        )
    if certificate.in_se > LARGEST_DISTANCE:
        raise NotInferable(
            "inference",
            f"the coefficients can still be {certificate.in_se:.2g} standard errors from the exact answer",
            "Read the coefficients as they are: rounding allows no better"
            if fit.status in (Status.PRECISION, Status.CONVERGED)
            else 'Take more steps (max_iter), or choose method="newton"',
        )


def vif(fit: Fit) -> Array:
    """Return the variance inflation factors (p,) of the features, 1/(1 - R²) of each on the others.

    It is how many times larger the variance of a coefficient is than if its feature had nothing in common
    with the others. R² is about the mean, or about zero without an intercept. NaN for features that do not
    vary, infinite for those that follow from the others.

    References
    ----------
    Marquardt (1970), *Generalized inverses, ridge regression, biased linear estimation, and nonlinear
    estimation*, Technometrics 12.
    """
    n = fit.normal
    factors = np.full(len(fit.names), np.nan)
    with alone_on(n.k):
        factors[n.active] = n.inverse_diagonal
        if n.rank < n.k:
            factors[n.active[n.expansion.undetermined() >= UNDETERMINED]] = np.inf
    return factors


def quantile(level: float, freedom: int) -> float:
    """Return the two-sided quantile of Student's t that covers `level`."""
    if not (isinstance(level, Real) and 0 < float(level) < 1):
        raise InputError("level", f"got {level!r}", "Pass a coverage between 0 and 1, such as 0.95")
    return float(special.stdtrit(freedom, (1 + level) / 2))


def interval(fit: Fit, chunk: Chunk, *, level: float, kind: str) -> Array:
    """Return intervals (n, 2) around the fitted means of rows of features.

    Parameters
    ----------
    fit : Fit
    chunk : Chunk
    level : float
    kind : {"prediction", "mean"}
        Whether a new observation (of weight one) is to be covered, or the mean.
    """
    mean, se = fit.predict(chunk), fit.mean_se(chunk)
    unknown = np.flatnonzero(np.isnan(se))
    if len(unknown):
        raise NotInferable(
            "interval",
            f"the data do not determine the mean of {count(len(unknown), 'row')},"
            f" first at {chunk.place(chunk.row(int(unknown[0])))}",
            "Predict rows that obey the relations between the columns of the data",
        )
    spread = np.hypot(se, fit.sigma) if kind == "prediction" else se
    reach = quantile(level, fit.normal.freedom) * spread
    return np.column_stack([mean - reach, mean + reach])


def check_interval(fit: Fit, level: float, kind: str) -> None:
    """Raise `NotInferable` or `InputError` if no intervals of this level and kind can be given."""
    refuse(fit)
    if kind not in ("prediction", "mean"):
        raise InputError("kind", f"got {kind!r}", 'Pass "prediction" or "mean"')
    quantile(level, fit.normal.freedom)


def _scaled_covariance(fit: Fit) -> tuple[Array, Array]:
    """Return C and d with s² (XᵀWX)⁻¹ = d C dᵀ, the intercept first; NaN where nothing is determined.

    C is free of units, d brings them back: their product may lie beyond what a float64 holds.
    """
    n, m = fit.normal, fit.normal.moments
    every = n.k == m.p
    at: Any = slice(int(n.intercept), None) if every else n.active + int(n.intercept)
    inverse = n.root.T @ n.root
    determined = np.ones(n.k, dtype=bool)
    across = -n.root.T @ n.expansion.middle
    if n.rank < n.k:
        determined = n.expansion.undetermined() < UNDETERMINED
        inverse[~determined], inverse[:, ~determined], across[~determined] = np.nan, np.nan, np.nan
    C = np.full((m.p + n.intercept, m.p + n.intercept), np.nan)
    scale = np.full(len(C), np.nan)
    C[(at, at) if every else np.ix_(at, at)] = inverse
    scale[at] = 1 / n.spread * (m.unit[-1] / m.unit[n.active])
    if n.intercept:
        lost = float(np.linalg.norm(n.expansion.outside(n.center[None])))
        C[0, at] = C[at, 0] = across
        C[0, 0] = n.intercept_inflation**2
        scale[0] = m.unit[-1]
        if n.rank < n.k and lost > UNDETERMINED * max(1.0, float(np.linalg.norm(n.center))):
            C[0], C[:, 0] = np.nan, np.nan
    return n.residual / n.freedom * C, scale
