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
from sklearn.exceptions import ConvergenceWarning, DataConversionWarning
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted, validate_data

from steepest import persist
from steepest.certificate import Certificate
from steepest.chunk import Chunk, checked_weights
from steepest.errors import CollinearityWarning, DataWarning, InputError, listed
from steepest.fitting import check, collect, solve
from steepest.fitting import fit as fit_source
from steepest.inference import Inference, check_interval, inference, interval
from steepest.manners import features, positional, refuse_masked, target, warn_of_order
from steepest.methods.base import Method
from steepest.moments import Moments
from steepest.progress import Progress
from steepest.relations import leaks, nearly
from steepest.report.facts import facts
from steepest.report.text import Summary, rounded_up
from steepest.result import Fit, Parameters
from steepest.sources.arrays import Arrays
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
        every coefficient (of large data, n p² > 10⁷, of its standard error if that is larger) and for `tol`;
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
    sigma_ : float or None
        Residual standard deviation; None without degrees of freedom.
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
    sigma_: float | None
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
        check_is_fitted(self)
        return self._fit.certificate

    @property
    def moments_(self) -> Moments:
        check_is_fitted(self)
        return self._fit.moments

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_fit")

    def _parameters(self) -> Parameters:
        return Parameters(**{name: getattr(self, name) for name in PARAMETERS})

    def _rows(self, X: Any, y: Any, sample_weight: Any, *, former: Fit | None = None) -> Arrays:
        """Return rows in their own types, their columns named; nothing of the estimator changes."""
        parts = features(X)
        rows = parts[0].shape[0]
        values = target(y, rows, _warn_of_column)
        warn_of_order(X, y, "y")
        warn_of_order(X, sample_weight, "sample_weight")
        refuse_masked(sample_weight, "sample_weight")
        weights = None if sample_weight is None else checked_weights(sample_weight, rows, "sample_weight")
        if former is not None:
            self._check_features(X)
            return Arrays(parts, values, (*former.names, former.target), weights)
        return Arrays(parts, values, (*_names(X, parts), "y"), weights)

    def _check_features(self, X: Any) -> None:
        """Raise `InputError` for features of another number, or of other names, than at the fit."""
        try:
            validate_data(self, X, reset=False, skip_check_array=True)
        except ValueError as error:
            fix = "Pass the features of the fit in their order"
            raise InputError("X", str(error).rstrip(".\n"), fix, code="columns") from None

    def _design(self, X: Any) -> Iterator[Chunk]:
        """Yield rows of features, from a table by name or from an array by position."""
        columns = self._fit.columns
        if columns is not None and not _is_array(X):
            table = open_table(X)
            columns.refuse_missing(table)
            yield from designs(table, columns)
            return
        parts = features(X)
        self._check_features(X)
        yield from Arrays(parts, None, self._fit.names).chunks()

    def _publish(self, fit: Fit) -> Self:
        """Take over a fit, all of it in one assignment."""
        published: dict[str, Any] = {
            "_fit": fit,
            "coef_": fit.coef,
            "intercept_": fit.intercept,
            "n_iter_": fit.steps,
            "n_features_in_": fit.moments.p,
            "rank_": fit.normal.rank,
            "sigma_": fit.sigma if fit.normal.freedom > 0 else None,
            "converged_": fit.converged,
        }
        named = fit.columns is not None or fit.names != positional(fit.moments.p)
        if named:
            published["feature_names_in_"] = np.array(fit.names, dtype=object)
        kept = {name: value for name, value in self.__dict__.items() if name != "feature_names_in_"}
        self.__dict__ = kept | published
        _warn(fit)
        return self


def _names(X: Any, parts: tuple[Array, ...]) -> tuple[str, ...]:
    """Return the names of features, in the way of scikit-learn: those of a frame, if they are texts."""
    if type(X) is not np.ndarray:
        probe = LinearRegression()
        validate_data(probe, X, skip_check_array=True)
        if hasattr(probe, "feature_names_in_"):
            return tuple(getattr(probe, "feature_names_in_"))  # noqa: B009 - scikit-learn sets it
    return positional(sum(part.shape[1] if part.ndim == 2 else 1 for part in parts))


def _warn_of_column() -> None:
    what = "A column-vector y was passed when a 1d array was expected"
    warnings.warn(f"{what}: pass y.ravel().", DataConversionWarning, stacklevel=5)


def _is_array(X: Any) -> bool:
    """Return whether X has no names of columns: a table is recognised by its names, or its path."""
    return isinstance(X, np.ndarray | list | tuple)


def _warn(fit: Fit) -> None:
    dependent = bool(fit.constant) or fit.normal.rank < fit.normal.k or bool(nearly(fit.normal))
    free, copies = fit.normal.freedom > 0, leaks(fit.normal)
    if fit.converged and free and not dependent and not copies and not fit.codes:
        return
    told = facts(fit)
    for code in fit.codes:
        warnings.warn(f"{code}.", DataWarning, stacklevel=3)
    if copies:
        what = f"{listed(copies)} determines the target exactly: is it a copy of it?"
        warnings.warn(what, DataWarning, stacklevel=3)
    if not free:
        warnings.warn(f"{told.refusal}: no standard errors.", DataWarning, stacklevel=3)
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
