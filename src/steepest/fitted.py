"""What can be asked of any fitted line, in the manners of scikit-learn."""

from __future__ import annotations

import copy
import os
from collections.abc import Iterator
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted, validate_data

from steepest import persist
from steepest.certificate import Certificate
from steepest.chunk import Chunk
from steepest.errors import InputError
from steepest.history import History
from steepest.inference import Inference, check_interval, inference, interval
from steepest.manners import features
from steepest.methods.base import Limits
from steepest.moments import Moments
from steepest.published import attributes, warn
from steepest.replay import at
from steepest.report.facts import facts
from steepest.report.text import Summary
from steepest.result import EarlyStop, Fit
from steepest.sources.arrays import Arrays
from steepest.sources.base import designs
from steepest.sources.open import is_array, open_table

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
        model.__dict__ |= attributes(at(self._fit, k))
        return model

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

    def _publish(self, fit: Fit) -> Self:
        """Take over a fit, all of it in one assignment."""
        kept = {name: value for name, value in self.__dict__.items() if name != "feature_names_in_"}
        self.__dict__ = kept | attributes(fit)
        warn(fit)
        return self
