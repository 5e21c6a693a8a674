"""Rivals that choose the penalty of a lasso: 100 penalties and 5 folds of neighbouring rows."""

import numpy as np

from benchmarks.arrays import estimator
from benchmarks.rival import OURS, Rival

ALPHAS, FOLDS = 100, 5


def steepest(X, y):
    from steepest import LinearRegressionCV

    return estimator(LinearRegressionCV(alphas=ALPHAS, cv=FOLDS), X, y)


def scikit_learn(X, y):
    from sklearn.linear_model import LassoCV

    return estimator(LassoCV(alphas=ALPHAS, cv=FOLDS, n_jobs=2), X, y)


def scikit_learn_precise(X, y):
    from sklearn.linear_model import LassoCV

    return estimator(LassoCV(alphas=ALPHAS, cv=FOLDS, n_jobs=2, tol=1e-6), X, y)


def celer(X, y):
    from celer import LassoCV

    return estimator(LassoCV(n_alphas=ALPHAS, cv=FOLDS, n_jobs=2), X, y)


def reference(pieces):
    """Return intercept and coefficients (p + 1,) of the lasso whose penalty cross-validation chooses.

    Support and signs come from coordinate descent to rounding; the coefficients are then solutions of linear
    equations, whose residuals are computed in extended precision.
    """
    from sklearn.linear_model import LassoCV

    ((X, y),) = pieces()
    model = LassoCV(alphas=ALPHAS, cv=FOLDS, tol=1e-10, max_iter=100_000).fit(X, y)
    on = np.flatnonzero(model.coef_)
    Z, target = X[:, on].astype(np.longdouble), y.astype(np.longdouble)
    Z, target = Z - Z.mean(axis=0), target - target.mean()
    centred = X[:, on] - X[:, on].mean(axis=0)
    H = centred.T @ centred / len(y)
    b, pull = model.coef_[on].astype(np.longdouble), model.alpha_ * np.sign(model.coef_[on])
    for _ in range(5):
        b += np.linalg.solve(H, (Z.T @ (target - Z @ b) / len(y) - pull).astype(float))
    coef = np.zeros(X.shape[1])
    coef[on] = b
    return np.array(
        [float(y.mean(dtype=np.longdouble) - X[:, on].mean(axis=0, dtype=np.longdouble) @ b), *coef]
    )


RIVALS = {
    OURS: Rival(steepest, ("steepest", "numpy", "scipy")),
    "scikit-learn LassoCV": Rival(scikit_learn, ("scikit-learn",)),
    "scikit-learn LassoCV, tol 1e-6": Rival(scikit_learn_precise, ("scikit-learn",)),
    "celer LassoCV": Rival(celer, ("celer",)),
}
