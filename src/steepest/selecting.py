"""`LinearRegressionCV`: a penalty chosen by cross-validation, in the manners of scikit-learn."""

from __future__ import annotations

import reprlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from steepest.arriving import rows_of
from steepest.chunk import Labels
from steepest.errors import InputError, count
from steepest.fitted import FittedLine
from steepest.fitting import collect, is_wide
from steepest.folds import Apart, Split, ThinApart, check_folds, contiguous, each_held_out, told_apart
from steepest.parameters import Parameters, factors_of
from steepest.progress import Progress
from steepest.report.course import Course
from steepest.selection import CrossValidation, cross_validate, select
from steepest.sources.base import Source

Array = NDArray[np.float64]


class LinearRegressionCV(FittedLine):
    """Linear regression with the penalty that predicts best what it has not seen.

    One pass over the rows gathers the moments of every fold. All penalties of all folds, and the errors on
    what each holds out, are computed from these alone: nothing is read again.

    Parameters
    ----------
    l1_ratio : float or sequence of float, default=1.0
        Shares of the lasso in the penalty to try: 0 is ridge, 1 the lasso.
    alphas : int or sequence of float, default=100
        How many penalties to try, or which.
    eps : float, default=1e-3
        The smallest of so many penalties, beside the largest, which leaves no coefficient.
    cv : int, array of shape (n_samples,), splitter or iterable of (train, test), default=5
        Folds of neighbouring rows, as many as it says; the fold of every row; or scikit-learn's way to split.
    pick : {"min", "1se"}, default="min"
        The penalty with the smallest mean squared error, or the largest within one standard error of it.
    positive, penalty_factor, fit_intercept, max_iter, tol : as in `steepest.LinearRegression`

    Attributes
    ----------
    alpha_, l1_ratio_ : float
        What was picked.
    alphas_ : ndarray of shape (n_alphas,) or (n_l1_ratios, n_alphas)
    mse_path_ : ndarray of shape (n_alphas, n_folds) or (n_l1_ratios, n_alphas, n_folds)
        Mean squared errors on what each fold holds out, weighted by the weights of its rows.
    coef_path_ : ndarray of shape (n_alphas, n_features) or (n_l1_ratios, n_alphas, n_features)
        Coefficients of the fits to all rows.
    coef_, intercept_, certificate_, ... : as in `steepest.LinearRegression`
        Of the fit to all rows with the penalty that was picked.

    Examples
    --------
    >>> import numpy as np
    >>> from steepest import LinearRegressionCV
    >>> X = np.random.default_rng(0).normal(size=(100, 5))
    >>> model = LinearRegressionCV().fit(X, X[:, 0] + 0.1 * X[:, 1])
    >>> model.mse_path_.shape
    (100, 5)
    """

    alphas_: Array
    mse_path_: Array
    coef_path_: Array
    _selected: CrossValidation

    def __init__(
        self,
        *,
        l1_ratio: float | Sequence[float] = 1.0,
        alphas: int | Sequence[float] = 100,
        eps: float = 1e-3,
        cv: Any = 5,
        pick: str = "min",
        positive: bool = False,
        penalty_factor: ArrayLike | Mapping[str, float] | None = None,
        fit_intercept: bool = True,
        max_iter: int = 10_000,
        tol: float = 1e-6,
    ) -> None:
        self.l1_ratio = l1_ratio
        self.alphas = alphas
        self.eps = eps
        self.cv = cv
        self.pick = pick
        self.positive = positive
        self.penalty_factor = penalty_factor
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter
        self.tol = tol

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Choose the penalty, and fit the line.

        Parameters, errors and return value are those of `steepest.LinearRegression.fit`.
        """
        rows = rows_of(X, y, sample_weight)
        labels, splits = _folds(self.cv, X, y, rows.rows)
        with Progress() as progress:
            kind = ThinApart if is_wide(rows) else Apart
            apart, counts = collect(
                replace(rows, labels=labels), kind, watch=progress, sets=len(labels.names)
            )
            result = select(
                apart.sets,
                splits or each_held_out(apart.sets),
                self._asked(),
                counts=counts,
                told=progress.penalty,
                **self._grid(),
            )
        self.__dict__ |= self._path_of(result)
        return self._publish(result.fit)

    def _select(self, source: Source, *, seed: int, **asked: Any) -> Self:
        """Choose the penalty for a table."""
        parameters = replace(self._asked(), random_state=seed)
        result = cross_validate(source, parameters, cv=self.cv, **asked, **self._grid())
        self.__dict__ |= self._path_of(result)
        return self._publish(result.fit)

    def path(self) -> Course:
        """Return the errors and terms along the path; print it."""
        check_is_fitted(self)
        if not hasattr(self, "_selected"):
            raise AttributeError(
                "path: this model keeps no path: features were dropped. Fit it without them."
            )
        return Course(self._selected)

    @property
    def alpha_(self) -> float:
        check_is_fitted(self)
        return float(self._fit.parameters.alpha)

    @property
    def l1_ratio_(self) -> float:
        check_is_fitted(self)
        return float(self._fit.parameters.l1_ratio)

    def _asked(self) -> Parameters:
        return Parameters(
            positive=self.positive,
            penalty_factor=factors_of(self.penalty_factor),
            fit_intercept=self.fit_intercept,
            max_iter=self.max_iter,
            tol=self.tol,
        )

    def _grid(self) -> dict[str, Any]:
        ratios = np.atleast_1d(np.asarray(self.l1_ratio)).tolist()
        return {"l1_ratios": ratios, "alphas": self.alphas, "eps": self.eps, "pick": self.pick}

    def _path_of(self, result: CrossValidation) -> dict[str, Any]:
        """Return the attributes that make a path public."""
        one = not np.ndim(self.l1_ratio)
        paths = {
            "alphas_": [curve.path.alphas for curve in result.curves],
            "mse_path_": [curve.errors for curve in result.curves],
            "coef_path_": [curve.path.lines[0] for curve in result.curves],
        }
        return {"_selected": result} | {
            name: each[0] if one else np.array(each) for name, each in paths.items()
        }


def _folds(cv: Any, X: Any, y: Any, rows: int) -> tuple[Labels, list[Split]]:
    """Return the set of every row and the splits of these sets; no splits, if each is held out in turn."""
    if isinstance(cv, int | np.integer):
        check_folds(int(cv), rows)
        return contiguous(rows, int(cv)), []
    try:
        if getattr(cv, "ndim", 0) == 1:
            return _named(np.asarray(cv), rows), []
        return told_apart(rows, cv.split(X, y) if hasattr(cv, "split") else cv)
    except InputError:
        raise
    except (TypeError, ValueError, IndexError) as error:
        what = f"got {reprlib.repr(cv)}: {str(error).rstrip('.')}"
        fix = "Pass a number of folds, a splitter, the fold of every row as an array, or (train, test) pairs"
        raise InputError("cv", what, f"{fix}: list(splitter.split(X, y, groups))") from error


def _named(folds: NDArray[Any], rows: int) -> Labels:
    """Return the folds of all rows, which have names."""
    if len(folds) != rows:
        raise InputError("cv", f"{len(folds)} folds for {rows} rows", "Pass the fold of every row")
    missing = np.flatnonzero(folds != folds)
    if len(missing):
        what = f"the folds of {count(len(missing), 'row')} are missing (NaN), first at row {missing[0]}"
        raise InputError("cv", what, "Pass the fold of every row")
    names, codes = np.unique(folds, return_inverse=True)
    return Labels(codes, names.tolist())
