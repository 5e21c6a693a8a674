"""`GradientDescent`: gradient descent as it is taught first, one observation at a time."""

from __future__ import annotations

import math
import warnings
from numbers import Integral, Real
from typing import Any, Self, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.validation import check_is_fitted, validate_data

from steepest.certificate import Certificate
from steepest.chunk import Chunk
from steepest.errors import InputError, count
from steepest.fitting import assess
from steepest.manners import positional, refuse_masked
from steepest.moments import Moments
from steepest.report.facts import facts
from steepest.report.text import Summary
from steepest.result import Fit

Array = NDArray[np.float64]

SCAN = 1.1
"""Factor between the rates that are tried on the way up to the limit."""


class GradientDescent(RegressorMixin, BaseEstimator):
    """Linear regression by visiting the observations in turn, as in a first lesson.

    All weights start at zero. An epoch visits the rows in order, and for each row moves the weights
    against the gradient of its own error ½ (y - w₀ - wᵀx)²:

        wⱼ ← wⱼ + η xⱼ (y - w₀ - wᵀx)  for every feature,   w₀ ← w₀ + η (y - w₀ - wᵀx).

    Parameters
    ----------
    eta : float, default=0.01
        The learning rate η.
    n_iter : int, default=10
        Number of epochs.
    update : {"sequential", "simultaneous"}, default="sequential"
        Whether the residual is computed anew for every weight, or once for all weights of a row.

    Attributes
    ----------
    w_ : ndarray of shape (n_features + 1,)
        The weights, w₀ first.
    errors_ : ndarray of shape (n_iter_,)
        Sum over the rows of ½ (y - w₀ - wᵀx)², each computed right after its row has moved the weights.
    n_iter_ : int
        Epochs whose weights are finite; when the weights grow without bound, the last of these are kept.
    certificate_ : Certificate
        How far the weights are from the least-squares answer.

    Notes
    -----
    With small η it ends near the least-squares line, but never on it: `summary` says by how many standard
    errors it stopped short. `steepest.LinearRegression` goes all the way.

    References
    ----------
    B. O. Tayo, *Machine Learning: Python Linear Regression Estimator Using Gradient Descent*, Towards AI.
    Widrow, Hoff (1960), *Adaptive switching circuits*.
    """

    w_: Array
    errors_: Array
    n_iter_: int
    n_features_in_: int
    _fit: Fit

    def __init__(self, eta: float = 0.01, n_iter: int = 10, update: str = "sequential") -> None:
        self.eta = eta
        self.n_iter = n_iter
        self.update = update

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Learn the weights.

        Parameters
        ----------
        X : array of shape (n_samples,) or (n_samples, n_features)
        y : array of shape (n_samples,)

        Returns
        -------
        self : GradientDescent
        """
        self._check()
        for name, values in (("X", X), ("y", y)):
            refuse_masked(values, name)
        at_once = self.update == "simultaneous"
        checked: Any = validate_data(self, _upright(X), cast(Any, y), dtype=np.float64, y_numeric=True)
        rows, target = checked
        w, errors, finite = _descend(rows, target, self.eta, self.n_iter, simultaneous=at_once)
        names = getattr(self, "feature_names_in_", positional(rows.shape[1]))
        moments = Moments.of(Chunk((rows, target), (*names, "y")))
        result = assess(moments, w[1:], float(w[0]), epochs=len(errors), method="row by row")
        self.__dict__.update(w_=w, errors_=np.array(errors), n_iter_=len(errors), _fit=result)
        if not finite or (len(errors) > 1 and errors[-1] > errors[0]):
            self._warn_if_unstable(rows, finite=finite)
        return self

    def predict(self, X: ArrayLike) -> Array:
        """Return w₀ + wᵀx for every row of X."""
        check_is_fitted(self)
        upright: Any = _upright(X) if self.n_features_in_ == 1 else X
        rows: Any = validate_data(self, upright, reset=False, dtype=np.float64)
        return rows @ self.w_[1:] + self.w_[0]

    def summary(self, level: float = 0.95) -> Summary:
        """Return the summary, with the distance of the weights from the least-squares answer."""
        check_is_fitted(self)
        return Summary(facts(self._fit, level))

    @property
    def certificate_(self) -> Certificate:
        return self._fit.certificate

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_fit")

    def _check(self) -> None:
        if not (isinstance(self.eta, Real) and 0 < float(self.eta) < math.inf):
            raise InputError("eta", f"got {self.eta!r}", "Pass a positive learning rate")
        if not (isinstance(self.n_iter, Integral) and self.n_iter >= 1):
            raise InputError("n_iter", f"got {self.n_iter!r}", "Pass a whole number of epochs, 1 or more")
        if self.update not in ("sequential", "simultaneous"):
            raise InputError("update", f"got {self.update!r}", 'Pass "sequential" or "simultaneous"')

    def _warn_if_unstable(self, X: Array, *, finite: bool) -> None:
        largest = _largest_stable_rate(X, self.eta, simultaneous=self.update == "simultaneous")
        if finite and self.eta <= largest * SCAN:
            return
        kept = f"the last of {count(self.n_iter_, 'epoch')} with finite weights is kept"
        warnings.warn(
            f"the weights grow without bound; {kept}. The largest stable eta for these data is {largest:.3g};"
            " choose a smaller one than that.",
            ConvergenceWarning,
            stacklevel=3,
        )


def _upright(X: Any) -> Any:
    """Return one-dimensional X as one column."""
    if getattr(X, "ndim", None) == 1 or (isinstance(X, list | tuple) and X and np.ndim(X[0]) == 0):
        return np.asarray(X).reshape(-1, 1)
    return X


def _descend(
    X: Array, y: Array, eta: float, epochs: int, *, simultaneous: bool
) -> tuple[Array, list[float], bool]:
    """Return the weights (intercept first), the errors of the epochs, and whether all stayed finite."""
    w0, w = 0.0, [0.0] * X.shape[1]
    rows = list(zip(X.tolist(), y.tolist(), strict=True))
    errors: list[float] = []
    for _ in range(epochs):
        before, error = (w0, list(w)), 0.0
        for x, target in rows:
            if simultaneous:
                step = eta * (target - w0 - _dot(w, x))
                w = [wj + step * xj for wj, xj in zip(w, x, strict=True)]
                w0 += step
            else:
                for j, xj in enumerate(x):
                    w[j] += eta * xj * (target - w0 - _dot(w, x))
                w0 += eta * (target - w0 - _dot(w, x))
            last = target - w0 - _dot(w, x)
            error += 0.5 * (last * last)
        if not (math.isfinite(w0) and all(map(math.isfinite, w))):
            return np.array([before[0], *before[1]]), errors, False
        errors.append(error)
    return np.array([w0, *w]), errors, True


def _dot(w: list[float], x: list[float]) -> float:
    return sum(wj * xj for wj, xj in zip(w, x, strict=True))


def _largest_stable_rate(X: Array, eta: float, *, simultaneous: bool) -> float:
    """Return the rate at which an epoch first stops shrinking errors: a scan upwards, then bisection."""

    def stable(rate: float) -> bool:
        return _growth(X, rate, simultaneous=simultaneous) < 1 + 1e-9

    with np.errstate(over="ignore"):
        low = 0.5 / (float((X * X).sum()) + len(X))
    while 0 < low * SCAN < eta and stable(low * SCAN):
        low *= SCAN
    high = min(low * SCAN, eta)
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if stable(middle) else (low, middle)
    return low


def _growth(X: Array, eta: float, *, simultaneous: bool) -> float:
    """Return the spectral radius of the matrix by which one epoch multiplies the error of the weights.

    Every row multiplies it by I - η z zᵀ with z = (x, 1), or coordinate by coordinate by I - η zⱼ eⱼ zᵀ.
    """
    Z = np.column_stack([X, np.ones(len(X))])
    n, k = Z.shape
    M = np.broadcast_to(np.eye(k), (n, k, k)).copy()
    with np.errstate(all="ignore"):
        if simultaneous:
            M -= eta * Z[:, :, None] * Z[:, None, :]
        else:
            for j in range(k):
                M[:, j] -= eta * Z[:, j, None] * np.einsum("ni,nij->nj", Z, M)
        while len(M) > 1:
            pairs = len(M) // 2
            M = np.concatenate([M[1 : 2 * pairs : 2] @ M[0 : 2 * pairs : 2], M[2 * pairs :]])
    return float(np.abs(np.linalg.eigvals(M[0])).max()) if np.isfinite(M).all() else math.inf
