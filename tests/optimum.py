"""Penalised least squares in extended precision: what optima and their certificates are held against."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

Long = np.longdouble


@dataclass(frozen=True)
class Penalised:
    """1/(2W) Σ w (y - b₀ - xᵀb)² + α (l1_ratio Σ f|b| + (1 - l1_ratio)/2 Σ f b²) of rows, b₀ the best."""

    X: np.ndarray
    y: np.ndarray
    alpha: float = 0.0
    l1_ratio: float = 0.0
    positive: bool = False
    weights: np.ndarray | None = None
    factors: np.ndarray | None = None
    fit_intercept: bool = True

    def __post_init__(self) -> None:
        w = np.ones(len(self.y), Long) if self.weights is None else self.weights.astype(Long)
        w = w / w.sum()
        X, y = self.X.astype(Long), self.y.astype(Long)
        if self.fit_intercept:
            X, y = X - w @ X, y - w @ y
        root = np.sqrt(w)
        f = np.ones(X.shape[1]) if self.factors is None else np.asarray(self.factors)
        strength = Long(self.alpha) * f.astype(Long)
        known = {"Z": X * root[:, None], "t": y * root}
        known |= {"l1": strength * Long(self.l1_ratio), "l2": strength * (1 - Long(self.l1_ratio))}
        known["size"] = np.sqrt((known["Z"] ** 2).sum(axis=0))
        self.__dict__.update(known)

    def value(self, b) -> float:
        """Return the objective of coefficients."""
        b = np.asarray(b, Long)
        r = self.t - self.Z @ b
        return (r @ r) / 2 + self.l1 @ np.abs(b) + (self.l2 @ (b * b)) / 2

    def above(self, b, others=()) -> float:
        """Return how far the objective is above the lowest value known, that of b or others, improved."""
        return float(self.value(b) - min(self.value(self.improved(each)) for each in (b, *others)))

    def improved(self, b, sweeps=1000):
        """Return coefficients after coordinate descent from b, no higher than b."""
        b, H, s = np.array(b, Long), self.Z.T @ self.Z, self.Z.T @ self.t
        for _ in range(sweeps):
            before = b.copy()
            for j in np.flatnonzero(self.size):
                z = s[j] - H[j] @ b + H[j, j] * b[j]
                new = np.sign(z) * max(abs(z) - self.l1[j], Long(0)) / (H[j, j] + self.l2[j])
                b[j] = max(new, Long(0)) if self.positive else new
            if np.abs(b - before).max(initial=0) <= 1e-18 * np.abs(b).max(initial=0):
                break
        return b

    def violation(self, b) -> float:
        """Return by how much the conditions of an optimum are violated, relative to what they consist of."""
        b = np.asarray(b, Long)
        g = self.Z.T @ (self.Z @ b - self.t) + self.l2 * b
        at_zero = np.maximum(-g - self.l1, 0) if self.positive else np.maximum(np.abs(g) - self.l1, 0)
        pull = np.where(b != 0, np.abs(g + np.copysign(self.l1, b)), at_zero)
        length = np.sqrt(self.t @ self.t) or Long(1)
        scale = self.size * length + self.l1 + self.l2 * np.abs(b)
        return float(np.max(pull / np.where(scale > 0, scale, 1), initial=0))


def ridge(X, y, alpha, *, weights=None, factors=None, fit_intercept=True):
    """Return the coefficients of ridge regression, by Cholesky's factor in extended precision."""
    known = {"weights": weights, "factors": factors, "fit_intercept": fit_intercept}
    rows = Penalised(X, y, alpha, **known)
    size = np.sqrt(rows.size**2 + rows.l2)
    A, b = (rows.Z.T @ rows.Z + np.diag(rows.l2)) / size / size[:, None], rows.Z.T @ rows.t / size
    p = len(b)
    C, z = np.zeros((p, p), Long), np.zeros(p, Long)
    for j in range(p):
        C[j:, j] = A[j:, j] - C[j:, :j] @ C[j, :j]
        C[j:, j] /= np.sqrt(C[j, j])
        z[j] = (b[j] - C[j, :j] @ z[:j]) / C[j, j]
    for j in range(p - 1, -1, -1):
        z[j] = (z[j] - C[j + 1 :, j] @ z[j + 1 :]) / C[j, j]
    return z / size
