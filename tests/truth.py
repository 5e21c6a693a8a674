"""Least squares of float64 rows in extended precision, or exactly: what certificates are held against."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

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


@dataclass(frozen=True)
class Exact:
    """The exact rational answer of float64 rows; the intercept comes first, if there is one."""

    estimate: list[Fraction]
    se: list[Fraction]
    """Squared standard errors."""

    def distance(self, model) -> float:
        """Return the distance of the coefficient furthest from the truth, in standard errors."""
        return max(self.distances(model))

    def distances(self, model) -> list[float]:
        found = [float(b) for b in np.atleast_1d(model.coef_)]
        if len(found) < len(self.estimate):
            found = [float(model.intercept_), *found]
        pairs = zip(found, self.estimate, self.se, strict=True)
        return [
            math.inf if not se else float((Fraction(b) - exact) ** 2 / se) ** 0.5 for b, exact, se in pairs
        ]

    def rounding(self) -> float:
        """Return how far the answer is from itself when each coefficient is one rounding off."""
        u = Fraction(1, 2**53)
        return max(
            float((u * exact) ** 2 / se) ** 0.5 for exact, se in zip(self.estimate, self.se, strict=True)
        )


def exactly(X, y, *, fit_intercept=True) -> Exact:
    """Solve the normal equations of float64 rows in rational arithmetic."""
    columns = [_whole(column) for column in np.asarray(X, dtype=float).T]
    if fit_intercept:
        columns = [([1] * len(y), 1), *columns]
    target, unit = _whole(np.asarray(y, dtype=float))
    k = len(columns)
    rows = np.array([*(values for values, _ in columns), target], dtype=object)
    products = [[int(a @ b) for b in rows] for a in rows]
    table = [
        [Fraction(x) for x in products[i][: k + 1]] + [Fraction(int(i == j)) for j in range(k)]
        for i in range(k)
    ]
    for i in range(k):
        table[i] = [x / table[i][i] for x in table[i]]
        for j in range(k):
            if j != i:
                table[j] = [x - table[j][i] * z for x, z in zip(table[j], table[i], strict=True)]
    rss = products[k][k] - sum(products[k][i] * table[i][k] for i in range(k))
    variance = Fraction(rss) / (len(y) - k)
    scale = [Fraction(size, unit) for _, size in columns]
    estimate = [table[i][k] * scale[i] for i in range(k)]
    return Exact(estimate, [variance * table[i][k + 1 + i] * scale[i] ** 2 for i in range(k)])


def _whole(column):
    """Return a column as whole numbers, and what they were multiplied by."""
    ratios = [x.as_integer_ratio() for x in column.tolist()]
    unit = max(below for _, below in ratios)
    return [above * (unit // below) for above, below in ratios], unit
