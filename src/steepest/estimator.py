"""`LinearRegression`: the manners of scikit-learn, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.callback import CallbackSupportMixin, with_callbacks

from steepest.arriving import rows_of
from steepest.callbacks import told
from steepest.errors import InputError, listed
from steepest.fitted import FittedLine
from steepest.fitting import collect, solve
from steepest.fitting import fit as fit_source
from steepest.methods.base import Method
from steepest.parameters import Parameters, check, factors_of, seed_of
from steepest.progress import Progress
from steepest.published import attributes
from steepest.result import Fit
from steepest.sources.arrays import Arrays

Array = NDArray[np.float64]

PARAMETERS = tuple(field.name for field in fields(Parameters))


class LinearRegression(CallbackSupportMixin, FittedLine):
    """Linear regression by gradient descent that tells you when it is done.

    It minimises 1/(2W) Σ wᵢ (yᵢ - b₀ - xᵢᵀb)², W being the sum of the weights, and a penalty if there is one,
    and says how far the result can still be from the exact answer, in standard errors of its coefficients.

    Parameters
    ----------
    alpha : float, default=0.0
        Strength of the penalty α (l1_ratio Σ fⱼ|bⱼ| + (1 - l1_ratio)/2 Σ fⱼbⱼ²), in the user's units as in
        scikit-learn's ElasticNet; scikit-learn's ``Ridge(a)`` is ``alpha=a/W``.
    l1_ratio : float, default=0.0
        The share of the lasso in the penalty; 0 is ridge, 1 the lasso.
    positive : bool, default=False
        Whether no coefficient may be negative.
    penalty_factor : array of shape (n_features,), or dict of names, optional
        f, by which the penalty of each feature is multiplied: 0 leaves it free; ones, if left out.
    fit_intercept : bool, default=True
    method : str or method object, default="auto"
        On the moments ``"gd"`` (gradient descent), ``"steepest"`` (with exact line search), ``"bb"``
        (Barzilai-Borwein), ``"momentum"`` (heavy ball), ``"nesterov"``, ``"cg"`` (conjugate gradients) and
        ``"newton"`` (in the metric of the curvature: one step); on batches of rows ``"sgd"`` and ``"adam"``.
        A name means the defaults; objects have arguments: ``Momentum(beta=0.9)``, ``SGD(batch_size=1)``.
        ``"auto"`` is newton, or gd if a learning rate or early stopping is asked for.
    learning_rate : float or "auto", default="auto"
        Step length of the methods that take one; ``"auto"`` takes the best one. See `limits_`.
    scale : {"auto", "standard", "center", "none"}, default="auto"
        Coordinates of the descent: features centred and of unit variance, centred only, or as they are,
        the intercept being a coordinate like the others. They change the path, never the optimum.
    max_iter : int, default=10_000
        Steps; of stochastic methods, epochs.
    tol : float, default=1e-6
        Stop when every coefficient is within so many standard errors of the exact answer.
    precise : "auto" or True, default="auto"
        The rows are read again where the moments are not precise enough: with ``"auto"`` for ten digits of
        every coefficient (of large data, n p² > 10⁷, or eight of its standard error) and for `tol`; with
        ``True`` for every digit that the data, as float64 numbers, determine.
    warm_start : bool, default=False
        Whether the descent begins with the coefficients of the fit before.
    random_state : int, numpy Generator or RandomState, or None, default=None
        Of the order in which stochastic methods visit the rows; an int gives the same result every time.
    on_divergence : {"raise", "record"}, default="raise"
        A learning rate that cannot converge is refused before the first step, or taken until the numbers
        overflow, for all to see in `history_`.
    early_stopping : {False, "gcv", "aic"}, default=False
        Whether to stop at that one of the first `max_iter` steps of gd, momentum or nesterov which has the
        smallest generalised cross-validation error or Akaike criterion: a regularised fit, and no exact one.
        ``learning_rate="auto"`` is then 1/L, at which no direction overshoots.

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
    vif_ : ndarray of shape (n_features,)
        Variance inflation factors, 1/(1 - R²) of each feature on the others; NaN for those that do not vary,
        infinite for those that follow from the others.
    limits_ : Limits
        What the curvature of the data allows the method, known before the first step: L, mu, condition
        number, the largest and the best learning rate, the guaranteed factor of a step, and the promised
        number of steps.
    history_ : History
        The steps of the descent; a model from a file has none.
    early_stop_ : EarlyStop or None
        Criterion, effective degrees of freedom and equivalent ridge penalty of a fit that was stopped early.
    moments_ : Moments
        All that the fit knows of the data; they add.

    Examples
    --------
    >>> from steepest import LinearRegression
    >>> model = LinearRegression().fit([[1.0], [2.0], [3.0], [4.0]], [2.1, 3.9, 6.2, 7.8])
    >>> model.converged_
    True
    """

    def __init__(
        self,
        *,
        alpha: float = 0.0,
        l1_ratio: float = 0.0,
        positive: bool = False,
        penalty_factor: ArrayLike | Mapping[str, float] | None = None,
        fit_intercept: bool = True,
        method: str | Method = "auto",
        learning_rate: float | str = "auto",
        scale: str = "auto",
        max_iter: int = 10_000,
        tol: float = 1e-6,
        precise: bool | str = "auto",
        warm_start: bool = False,
        random_state: Any = None,
        on_divergence: str = "raise",
        early_stopping: str | bool = False,
    ) -> None:
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.positive = positive
        self.penalty_factor = penalty_factor
        self.fit_intercept = fit_intercept
        self.method = method
        self.learning_rate = learning_rate
        self.scale = scale
        self.max_iter = max_iter
        self.tol = tol
        self.precise = precise
        self.warm_start = warm_start
        self.random_state = random_state
        self.on_divergence = on_divergence
        self.early_stopping = early_stopping

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
        weights = None if sample_weight is None else {"sample_weight": sample_weight}
        return self._publish(self._told(rows_of(X, y, sample_weight), X=X, y=y, metadata=weights))

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
        moments, counts = collect(self._later_rows(former, X, y, sample_weight))
        moments, counts = former.moments + moments, former.counts + counts
        warm = former if self.warm_start else None
        result = solve(moments, parameters, counts=counts, columns=former.columns, former=warm)
        return self._publish(result, named=self._named)

    @with_callbacks
    def _told(self, rows: Arrays, **data: Any) -> Fit:
        """Return the fit of some rows, and tell progress and callbacks of it."""
        with Progress() as progress, told(self, attributes, **data) as tell:

            def observe(*step: Any) -> bool:
                return progress.step(*step) or tell(*step)

            former = self._former(rows.names)
            return fit_source(rows, self._parameters(), watch=progress, observe=observe, former=former)

    def _parameters(self) -> Parameters:
        given = {name: getattr(self, name) for name in PARAMETERS}
        factors = factors_of(self.penalty_factor)
        return Parameters(**given | {"random_state": seed_of(self.random_state), "penalty_factor": factors})

    def _former(self, names: tuple[str, ...]) -> Fit | None:
        """Return the fit to begin with, if that is asked for and there is one."""
        former: Fit | None = getattr(self, "_fit", None) if self.warm_start else None
        if former is not None and former.names != names[:-1]:
            what = f"the fit before had other features: {listed(former.names)}"
            raise InputError("warm_start", what, "Pass the same ones, or warm_start=False", code="columns")
        return former

    def _later_rows(self, former: Fit, X: Any, y: Any, sample_weight: Any) -> Arrays:
        """Return rows of the features of a former fit; nothing of the estimator changes."""
        rows = rows_of(X, y, sample_weight, (*former.names, former.target))
        self._check_features(X)
        return rows
