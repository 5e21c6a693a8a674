"""What a fit makes public: the attributes of the estimator, and warnings."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from steepest.descent import Status
from steepest.errors import CollinearityWarning, DataWarning, count, listed
from steepest.history import History
from steepest.manners import positional
from steepest.relations import leaks, nearly
from steepest.report.facts import facts
from steepest.report.layout import rounded_up
from steepest.result import Fit


def attributes(fit: Fit, *, named: bool = True) -> dict[str, Any]:
    """Return the attributes that make a fit public, `named` being whether its features can have names."""
    public: dict[str, Any] = {
        "_fit": fit,
        "_history": History(fit) if fit.trace else None,
        "coef_": fit.coef,
        "intercept_": fit.intercept,
        "n_iter_": fit.steps,
        "n_features_in_": fit.moments.p,
        "rank_": fit.normal.rank,
        "sigma_": fit.sigma if fit.normal.freedom > 0 else None,
        "converged_": fit.converged,
    }
    if named and (fit.columns is not None or fit.names != positional(fit.moments.p)):
        public["feature_names_in_"] = np.array(fit.names, dtype=object)
    return public


def warn(fit: Fit) -> None:
    """Warn of what the summary of a fit says about its data and its convergence."""
    held = fit.parameters.penalised  # then dependent columns leave nothing open
    dependent = not held and (fit.normal.rank < fit.normal.k or bool(nearly(fit.normal)))
    dependent = dependent or bool(fit.constant)
    free, copies = held or fit.normal.freedom > 0, leaks(fit.normal)
    if fit.converged and free and not dependent and not copies and not fit.codes:
        return
    told = facts(fit)
    for code in fit.codes:
        warnings.warn(f"{code}.", DataWarning, stacklevel=4)
    if copies:
        what = f"{listed(copies)} determines the target exactly: is it a copy of it?"
        warnings.warn(what, DataWarning, stacklevel=4)
    if not free:
        warnings.warn(f"{told.refusal}: no standard errors.", DataWarning, stacklevel=4)
    if not fit.converged and fit.status is not Status.STOPPED:
        unit = "standard errors" if fit.certificate.unit == "se" else "standard deviations of the target"
        worst = f" ({told.worst} is worst)" if told.worst else ""
        warnings.warn(
            f"{fit.status.value} after {count(fit.steps, fit.step)} ({fit.method}),"
            f" still {rounded_up(told.distance)}"
            f" {unit} from the exact answer{worst}: {told.advice}.",
            ConvergenceWarning,
            stacklevel=4,
        )
    if dependent:
        warnings.warn("; ".join(told.notes), CollinearityWarning, stacklevel=4)
