"""`LinearRegression`: the manners of scikit-learn, and nothing else."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from dataclasses import fields
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.validation import check_is_fitted, validate_data

from steepest import persist
from steepest.certificate import Certificate
from steepest.chunk import Chunk, checked_weights
from steepest.errors import CollinearityWarning
from steepest.fitting import check, collect, solve
from steepest.fitting import fit as fit_source
from steepest.inference import Inference, check_interval, inference, interval
from steepest.manners import as_numbers, positional, refuse_masked, refuse_text
from steepest.methods.base import Method
from steepest.moments import Moments
from steepest.progress import Progress
from steepest.relations import nearly
from steepest.report.facts import facts
from steepest.report.text import Summary, rounded_up
from steepest.result import Fit, Parameters
from steepest.sources.arrays import Arrays
from steepest.sources.arrow import ArrowTable
from steepest.sources.base import designs
from steepest.sources.open import open_table

Array = NDArray[np.float64]

PARAMETERS = tuple(field.name for field in fields(Parameters))


class LinearRegression(RegressorMixin, BaseEstimator):
    """Linear regression by gradient descent that tells you when it is done.

    It minimises 1/(2W) Σ wᵢ (yᵢ - b₀ - xᵢᵀb)², W being the sum of the weights, and says how far the
    result can still be from the exact answer, in standard errors of its coefficients.

    Parameters
    ----------
    fit_intercept : bool, default=True
    method : str or method object, default="auto"
        ``"gd"`` (gradient descent), ``"cg"`` (conjugate gradients) or ``"newton"`` (gradient descent in the
        metric of the curvature, which takes one step). ``"auto"`` is newton.
    learning_rate : float or "auto", default="auto"
        Step length of gd and newton; ``"auto"`` takes the best one. A rate that cannot converge is refused.
    scale : {"auto", "standard", "center", "none"}, default="auto"
        Coordinates of the descent: features centred and of unit variance, centred only, or as they are,
        the intercept being a coordinate like the others. They change the path, never the optimum.
    max_iter : int, default=10_000
    tol : float, default=1e-6
        Stop when every coefficient is within so many standard errors of the exact answer.
    precise : "auto" or True, default="auto"
        The rows are read again where the moments are not precise enough: with ``"auto"`` for ten digits of
        every coefficient (in 100 000 rows and more, of its standard error if that is larger) and for `tol`;
        with ``True`` for every digit that the data, as float64 numbers, determine.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,)
    intercept_ : float
    n_iter_ : int
        Steps taken.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features,)
        When the features had names.
    rank_ : int
        Numerical rank of the features (centred, with an intercept).
    sigma_ : float
        Residual standard deviation; NaN without degrees of freedom.
    converged_ : bool
        Whether ``certificate_.in_se <= tol``, or the coefficients are exact up to their own rounding.
    certificate_ : Certificate
        How far the coefficients can be from the exact answer.
    moments_ : Moments
        All that the fit knows of the data; they add.

    Examples
    --------
    >>> from steepest import LinearRegression
    >>> model = LinearRegression().fit([[1.0], [2.0], [3.0], [4.0]], [2.1, 3.9, 6.2, 7.8])
    >>> model.converged_
    True
    """

    coef_: Array
    intercept_: float
    n_iter_: int
    n_features_in_: int
    rank_: int
    sigma_: float
    converged_: bool
    _fit: Fit

    def __init__(
        self,
        *,
        fit_intercept: bool = True,
        method: str | Method = "auto",
        learning_rate: float | str = "auto",
        scale: str = "auto",
        max_iter: int = 10_000,
        tol: float = 1e-6,
        precise: bool | str = "auto",
    ) -> None:
        self.fit_intercept = fit_intercept
        self.method = method
        self.learning_rate = learning_rate
        self.scale = scale
        self.max_iter = max_iter
        self.tol = tol
        self.precise = precise

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Fit the line.

        Parameters
        ----------
        X : array or data frame of shape (n_samples, n_features)
        y : array of shape (n_samples,)
        sample_weight : array of shape (n_samples,), optional
            Precision weights: multiplying all of them by a number changes only `sigma_`.

        Returns
        -------
        self : LinearRegression

        Raises
        ------
        InputError
            If a value is not finite, or a parameter out of range.
        DivergenceError
            If `learning_rate` is beyond the limit of the data.
        """
        with Progress() as progress:
            return self._publish(
                fit_source(self._rows(X, y, sample_weight), self._parameters(), watch=progress)
            )

    def partial_fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Add rows: the result is the fit of all rows seen so far, as if they had come at once.

        Parameters, errors and return value are those of `fit`. The rows of former calls are not read again:
        where the moments are not precise enough, the fit does not claim to have converged.
        """
        former: Fit | None = getattr(self, "_fit", None)
        if former is None:
            return self.fit(X, y, sample_weight)
        parameters = self._parameters()
        check(parameters)
        moments, counts = collect(self._rows(X, y, sample_weight, former=former))
        moments, counts = former.moments + moments, former.counts + counts
        return self._publish(solve(moments, parameters, counts=counts, columns=former.columns))

    def predict(self, X: Any) -> Array:
        """Return the fitted means.

        Parameters
        ----------
        X : array or data frame of shape (n_samples, n_features)
            For a model that was fitted to a table also a path or any other table with the features.

        Returns
        -------
        y : ndarray of shape (n_samples,)
        """
        check_is_fitted(self)
        return np.concatenate([np.zeros(0), *(self._fit.predict(chunk) for chunk in self._design(X))])

    def predict_interval(self, X: Any, level: float = 0.95, kind: str = "prediction") -> Array:
        """Return intervals that cover a new observation, or the mean.

        Parameters
        ----------
        X : as in `predict`
        level : float, default=0.95
        kind : {"prediction", "mean"}, default="prediction"

        Returns
        -------
        interval : ndarray of shape (n_samples, 2)

        Raises
        ------
        NotInferable
            If this fit supports no intervals, with the reason.
        """
        check_is_fitted(self)
        check_interval(self._fit, level, kind)
        ends = [interval(self._fit, chunk, level=level, kind=kind) for chunk in self._design(X)]
        return np.concatenate([np.zeros((0, 2)), *ends])

    def inference(self, level: float = 0.95) -> Inference:
        """Return standard errors, t tests, p-values and intervals.

        Parameters
        ----------
        level : float, default=0.95

        Raises
        ------
        NotInferable
            If this fit supports none, with the reason.
        """
        check_is_fitted(self)
        return inference(self._fit, level)

    def summary(self, level: float = 0.95) -> Summary:
        """Return the summary of the fit; print it."""
        check_is_fitted(self)
        return Summary(facts(self._fit, level))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the model to a JSON file; `steepest.load` reads it."""
        check_is_fitted(self)
        persist.save(self._fit, path)

    @property
    def certificate_(self) -> Certificate:
        return self._fit.certificate

    @property
    def moments_(self) -> Moments:
        return self._fit.moments

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_fit")

    def _parameters(self) -> Parameters:
        return Parameters(**{name: getattr(self, name) for name in PARAMETERS})

    def _rows(self, X: Any, y: Any, sample_weight: Any, *, former: Fit | None = None) -> Arrays:
        """Validate rows as scikit-learn does, in their own types, and name their columns."""
        for name, values in (("X", X), ("y", y), ("sample_weight", sample_weight)):
            refuse_masked(values, name)
        refuse_text(X)
        X, y = validate_data(self, X, y, reset=former is None, ensure_all_finite=False, y_numeric=True)
        weights = None if sample_weight is None else checked_weights(sample_weight, len(X), "sample_weight")
        target = "y" if former is None else former.target
        return Arrays(as_numbers(X, "X"), as_numbers(y, "y"), (*self._names(), target), weights)

    def _names(self) -> tuple[str, ...]:
        named = getattr(self, "feature_names_in_", None)
        return positional(self.n_features_in_) if named is None else tuple(named)

    def _design(self, X: Any) -> Iterator[Chunk]:
        """Yield rows of features, from a table by name or from an array by position."""
        columns = self._fit.columns
        if columns is not None and (isinstance(X, str | os.PathLike) or ArrowTable.recognises(X)):
            table = open_table(X)
            columns.refuse_missing(table)
            yield from designs(table, columns)
            return
        refuse_masked(X, "X")
        refuse_text(X)
        rows: Any = validate_data(self, X, reset=False, ensure_all_finite=False)
        yield Chunk((as_numbers(rows, "X"),), self._names())

    def _publish(self, fit: Fit) -> Self:
        """Take over a fit, all of it at once."""
        published: dict[str, Any] = {
            "_fit": fit,
            "coef_": fit.coef,
            "intercept_": fit.intercept,
            "n_iter_": fit.steps,
            "n_features_in_": fit.moments.p,
            "rank_": fit.normal.rank,
            "sigma_": fit.sigma,
            "converged_": fit.converged,
        }
        if fit.names != positional(fit.moments.p):
            published["feature_names_in_"] = np.array(fit.names, dtype=object)
        self.__dict__.update(published)
        _warn(fit)
        return self


def _warn(fit: Fit) -> None:
    dependent = bool(fit.constant) or fit.normal.rank < fit.normal.k or bool(nearly(fit.normal))
    if fit.converged and not dependent:
        return
    told = facts(fit)
    if not fit.converged:
        unit = "standard errors" if fit.certificate.unit == "se" else "standard deviations of the target"
        worst = f" ({told.worst} is worst)" if told.worst else ""
        warnings.warn(
            f"{fit.status.value} after {fit.steps} steps ({fit.method}), still {rounded_up(told.distance)}"
            f" {unit} from the exact answer{worst}: {told.advice}.",
            ConvergenceWarning,
            stacklevel=3,
        )
    if dependent:
        warnings.warn("; ".join(told.notes), CollinearityWarning, stacklevel=3)
