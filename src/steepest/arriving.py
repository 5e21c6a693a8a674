"""Rows as users of scikit-learn pass them: X, y and weights."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.exceptions import DataConversionWarning
from sklearn.utils.validation import validate_data

from steepest.chunk import checked_weights
from steepest.manners import features, positional, refuse_masked, target, warn_of_order
from steepest.sources.arrays import Arrays

Array = NDArray[np.float64]


def rows_of(X: Any, y: Any, sample_weight: Any, names: tuple[str, ...] | None = None) -> Arrays:
    """Return rows in their own types, their columns named.

    Parameters
    ----------
    X, y, sample_weight : as in `steepest.LinearRegression.fit`
    names : tuple of str, optional
        Of the features, where they are known, and the target.
    """
    parts = features(X)
    rows = parts[0].shape[0]
    values = target(y, rows, _warn_of_column)
    warn_of_order(X, y, "y")
    warn_of_order(X, sample_weight, "sample_weight")
    refuse_masked(sample_weight, "sample_weight")
    weights = None if sample_weight is None else checked_weights(sample_weight, rows, "sample_weight")
    return Arrays(parts, values, (*_names(X, parts), "y") if names is None else names, weights)


def _names(X: Any, parts: tuple[Array, ...]) -> tuple[str, ...]:
    """Return the names of features, in the way of scikit-learn: those of a frame, if they are texts."""
    if type(X) is not np.ndarray:
        probe = BaseEstimator()
        validate_data(probe, X, skip_check_array=True)
        if hasattr(probe, "feature_names_in_"):
            return tuple(getattr(probe, "feature_names_in_"))  # noqa: B009 - scikit-learn sets it
    return positional(sum(part.shape[1] if part.ndim == 2 else 1 for part in parts))


def _warn_of_column() -> None:
    what = "A column-vector y was passed when a 1d array was expected"
    warnings.warn(f"{what}: pass y.ravel().", DataConversionWarning, stacklevel=5)
