"""Least squares of float64 rows in extended precision: the truth that certificates are held against."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

Long = np.longdouble


@dataclass(frozen=True)
class Truth:
    """The exact answer up to 64-bit mantissas; the intercept comes first, if there is one."""

    design: np.ndarray
    estimate: np.ndarray
    se: np.ndarray
    mean_se: np.ndarray
    sigma: float

    def away(self, model) -> np.ndarray:
        """Return how far the coefficients of a model are from the truth, the intercept included."""
        found = np.asarray(model.coef_, dtype=Long)
        if len(found) < len(self.estimate):
            found = np.append(Long(model.intercept_), found)
        return found - self.estimate

    def distance(self, model) -> float:
        """Return the distance of the coefficient furthest from the truth, in standard errors."""
        return float(np.max(np.abs(self.away(model)) / self.se))

    def distance_of_means(self, model) -> float:
        """Return the distance of the fitted mean (of a row) furthest from the truth, in standard errors."""
        return float(np.max(np.abs(self.design @ self.away(model)) / self.mean_se))


def least_squares(X, y, weights=None, *, fit_intercept=True) -> Truth:
    """Solve by Gram-Schmidt with reorthogonalisation, in extended precision, about exact origins."""
    n, p = X.shape
    heavy = 0 if weights is None else int(np.argmax(weights))
    origin_x, origin_y = (
        (X[heavy].astype(Long), Long(y[heavy])) if fit_intercept else (np.zeros(p, Long), Long(0))
    )
    A, b = X.astype(Long) - origin_x, y.astype(Long) - origin_y
    scale = np.exp2(np.round(np.log2(np.maximum(np.abs(A).max(axis=0).astype(float), 1e-300)))).astype(Long)
    A = A / scale
    if fit_intercept:
        A = np.column_stack([np.ones(n, Long), A])
    if weights is not None:
        root = np.sqrt(weights.astype(Long))
        A, b = A * root[:, None], b * root
    Q, R = _orthogonal(A)
    z = Q.T @ b
    r = b - Q @ z
    z2 = Q.T @ r
    estimate = _back(R, z + z2)
    r = b - A @ estimate
    sigma = np.sqrt((r @ r) / Long(n - A.shape[1]))
    inverse = np.column_stack([_back(R, e) for e in np.eye(A.shape[1], dtype=Long)])
    if fit_intercept:
        # b0 at the origin of the user: b0 = c_y + a0 - sum_j b_j c_j
        T = np.eye(p + 1, dtype=Long)
        T[0, 1:] = -origin_x / scale
        T[1:, 1:] /= scale[:, None]
        estimate, inverse = T @ estimate, T @ inverse
        estimate[0] += origin_y
    else:
        estimate, inverse = estimate / scale, inverse / scale[:, None]
    se = sigma * np.sqrt((inverse * inverse).sum(axis=1))
    mean_se = sigma * np.sqrt((Q * Q).sum(axis=1))
    if weights is not None:
        mean_se = mean_se / root
    design = X.astype(Long) if not fit_intercept else np.column_stack([np.ones(n, Long), X.astype(Long)])
    return Truth(design, estimate, se, mean_se, float(sigma))


def _orthogonal(A):
    Q, k = A.copy(), A.shape[1]
    R = np.zeros((k, k), Long)
    for j in range(k):
        for _ in range(2):
            h = Q[:, :j].T @ Q[:, j]
            Q[:, j] -= Q[:, :j] @ h
            R[:j, j] += h
        R[j, j] = np.sqrt(Q[:, j] @ Q[:, j])
        Q[:, j] /= R[j, j]
    return Q, R


def _back(R, z):
    x = np.array(z, dtype=Long)
    for j in range(len(x) - 1, -1, -1):
        x[j] = (x[j] - R[j, j + 1 :] @ x[j + 1 :]) / R[j, j]
    return x
