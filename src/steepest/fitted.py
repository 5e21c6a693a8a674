"""What can be asked of any fitted line, in the manners of scikit-learn."""

from __future__ import annotations

import copy
import os
from collections.abc import Iterator, Sequence
from typing import Any, Self, cast

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted, validate_data

from steepest import persist
from steepest.certificate import Certificate
from steepest.chunk import Chunk
from steepest.comparison import compare
from steepest.errors import InputError, InputTypeError
from steepest.history import History
from steepest.inference import Inference, check_interval, inference, interval, vif
from steepest.manners import features
from steepest.methods.base import Limits
from steepest.moments import Moments
from steepest.published import attributes, warn
from steepest.replay import at
from steepest.report.facts import facts
from steepest.report.ranking import Ranking
from steepest.report.text import Summary
from steepest.result import EarlyStop, Fit
from steepest.sources.arrays import Arrays
from steepest.sources.base import designs
from steepest.sources.open import is_array, open_table
from steepest.subset import without

Array = NDArray[np.float64]


class FittedLine(RegressorMixin, BaseEstimator):
    """A fitted line; estimators say how they find it, and publish it here."""

    coef_: Array
    intercept_: float
    n_iter_: int
    n_features_in_: int
    rank_: int
    sigma_: float | None
    converged_: bool
    _fit: Fit
    _history: History | None

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

    def at(self, k: int) -> Self:
        """Return a copy of the model as it was, or would be, after k steps, without taking them.

        Parameters
        ----------
        k : int
            From 0 to 10¹²; one eigendecomposition serves all of them.

        Raises
        ------
        InputError
            If the steps of the method adapt: constant ones are those of gd, momentum and nesterov.
        """
        check_is_fitted(self)
        model = copy.copy(self)
        model.__dict__ |= attributes(at(self._fit, k), named=self._named)
        return model

    def drop(self, features: Sequence[str]) -> Self:
        """Return the model without some of its features, fitted to the same rows; none of them is read again.

        Parameters
        ----------
        features : list of str
            Names of features; for a model of a table also of a column that became several of them (levels,
            powers), all of which go. Interactions are features of their own.

        Returns
        -------
        model : of the same class, with the same parameters
            It predicts from arrays of the remaining columns. Where the moments alone are not precise enough
            it does not claim to have converged.

        Raises
        ------
        InputError
            If a name is unknown, only some of the levels or powers of a column are named, or nothing is left.
        NotInferable
            If the model read only some of the rows (`until`).
        """
        check_is_fitted(self)
        model = cast(Self, clone(self))._publish(without(self._fit, features), named=self._named)
        if getattr(self, "penalty_factor", None) is not None:
            model.__dict__["penalty_factor"] = model._fit.parameters.penalty_factor
        return model

    def compare(self, *others: FittedLine) -> Ranking:
        """Compare models of the same rows, this one first; print the result.

        Each has its residual sum of squares and information criteria. Models that follow one another are
        tested, where one is nested in the other.

        Parameters
        ----------
        *others : fitted models

        Raises
        ------
        InputError
            If they are not of the same target and rows, naming what differs.
        NotInferable
            If one of them supports no inference, with the reason.
        """
        for model in (self, *others):
            if not isinstance(model, FittedLine):
                fix = "Pass models that steepest fitted"
                raise InputTypeError("compare", f"got {type(model).__name__}", fix)
            check_is_fitted(model)
        return Ranking(compare(self._fit, *(model._fit for model in others)))

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
    def vif_(self) -> Array:
        check_is_fitted(self)
        return vif(self._fit)

    @property
    def limits_(self) -> Limits:
        check_is_fitted(self)
        return self._fit.limits

    @property
    def history_(self) -> History:
        check_is_fitted(self)
        if self._history is None:
            raise AttributeError("history_: this model keeps no steps. Fit again to see them.")
        return self._history

    @property
    def early_stop_(self) -> EarlyStop | None:
        check_is_fitted(self)
        return self._fit.early

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
        if columns is not None and not is_array(X):
            table = open_table(X)
            columns.refuse_missing(table)
            yield from designs(table, columns)
            return
        parts = features(X)
        self._check_features(X)
        for piece in Arrays(parts, None, self._fit.names).pieces():
            yield from piece()

    @property
    def _named(self) -> bool:
        """Whether the features of the fit have names."""
        return hasattr(self, "feature_names_in_")

    def _publish(self, fit: Fit, *, named: bool = True) -> Self:
        """Take over a fit, all of it in one assignment."""
        kept = {name: value for name, value in self.__dict__.items() if name != "feature_names_in_"}
        self.__dict__ = kept | attributes(fit, named=named)
        warn(fit)
        return self
