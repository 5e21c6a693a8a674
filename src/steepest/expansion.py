"""`Expansion`: what is known of the objective about a point."""

# pyright: reportMissingTypeStubs=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# pyright: reportAttributeAccessIssue=false
from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack

Array = NDArray[np.float64]

EPSILON = 2.0**-52

BENIGN = 1e8
"""Bound on the squared condition number up to which a matrix of products is factored as it is."""


@dataclass(frozen=True, slots=True)
class Expansion:
    """The objective about a point p: f(u) = ½ value + gᵀ(u - p) + ½ |R(u - p)|².

    Attributes
    ----------
    point, point_low : (k,) arrays
        p, as an unevaluated sum: zero, or where the gradient was measured on the rows.
    gradient : (k,) array
    value : float
        2 f(p).
    factor : (rank, k) array
        R, with H = RᵀR.
    root : (rank, k) array
        K, with H⁺ = KᵀK.
    null_space : (k, k - rank) array
        Orthonormal combinations of the columns that vanish; (k, 0) where there are fewer rows than columns.
    middle : (rank,) array
        Means of the whitened columns K d⁻¹x, in the order of K; zeros without intercept.
    error : float
        What rounding can have done to the minimum u*: |R(u - u*)| at most.
    value_error : float
        What rounding can have done to the value, and to 2 f(u*).
    slack : float
        Share by which rounding can have changed a length |Rd|.
    doubtful : bool
        Whether columns look dependent to the moments, but only the rows can tell whether they are.
    shift : float
        What the mean residual at p exceeds that of the moments by.
    passes : int
        Passes over the rows that it took, after the one that gathered the moments.
    """

    point: Array
    point_low: Array
    gradient: Array
    value: float
    factor: Array
    root: Array
    null_space: Array
    middle: Array
    error: float
    value_error: float
    slack: float
    doubtful: bool = False
    shift: float = 0.0
    passes: int = 0

    def solve(self, g: Array) -> Array:
        """Return H⁺g."""
        return self.root.T @ (self.root @ g)

    def slope(self, d: Array) -> Array:
        """Return the gradient (k,) at p + d."""
        return self.factor.T @ (self.factor @ d) + self.gradient

    def step(self) -> Array:
        """Return u* - p (k,), of minimum norm below full rank."""
        step = -self.solve(self.gradient)
        return step - self.solve(self.slope(step))

    def outside(self, vectors: Array) -> Array:
        """Return the parts of vectors (m, k) that lie outside the row space of R."""
        if self._spanned:
            return (vectors @ self.null_space) @ self.null_space.T
        return vectors - (vectors @ self.root.T) @ self.factor

    def undetermined(self) -> Array:
        """Return how much (k,) of each coordinate lies outside the row space of R, between 0 and 1."""
        if self._spanned:
            return np.linalg.norm(self.null_space, axis=1)
        return np.sqrt(np.maximum(1 - np.einsum("ij,ij->j", self.root, self.factor), 0.0))

    @property
    def _spanned(self) -> bool:
        """Whether `null_space` is all that lies outside the row space."""
        return len(self.root) + self.null_space.shape[1] == len(self.point)

    def at_zero(self) -> Expansion:
        """Return the expansion about zero: what rounding does to it on the way is counted as its error."""
        p = self.point + self.point_low
        if not p.any():
            return self
        ahead = self.factor @ p
        size, zero = float(ahead @ ahead), np.zeros(len(p))
        value = self.value - 2 * float(self.gradient @ p) + size
        return replace(
            self,
            point=zero,
            point_low=zero,
            gradient=self.slope(-p),
            value=value,
            error=self.error + (self.slack + len(p) * EPSILON) * math.sqrt(size),
            value_error=self.value_error + 4 * EPSILON * (abs(value) + size),
        )

    def ridged(self, penalty: Array, center: Array, entry: float) -> Expansion:
        """Return the expansion about zero of f(u) + ½ Σ ρⱼ uⱼ²: √ρ stands below the rows of its factor.

        Parameters
        ----------
        penalty : (k,) array
            ρ.
        center, entry : as in `about_zero`
        """
        about, k = self.at_zero(), len(penalty)
        factor, root, nothing = _ridged(about.factor, penalty)
        u = root.T @ (root @ about.gradient)
        reach = math.sqrt(max(float(u @ u), about.value) * float(np.vdot(root, root)))
        error = about.error + k * EPSILON * reach if about.passes else entry * reach
        known = {"factor": factor, "root": root, "null_space": nothing, "middle": root @ center}
        return replace(about, **known, error=error, doubtful=self.doubtful and nothing.size > 0)


def about_zero(
    H: Array, s: Array, t: float, center: Array, *, entry: float, least: float, rank: int
) -> Expansion:
    """Return what moments say of f(u) = ½ uᵀHu - sᵀu + ½ t.

    Parameters
    ----------
    H : (k, k) array, s : (k,) array, t : float, center : (k,) array
        As in `steepest.normal.NormalEquations`.
    entry : float
        Relative error of their entries.
    least : float
        Eigenvalues below this share of the largest may be those of dependent columns.
    rank : int
        The rank that so many rows can have.
    """
    k = len(s)
    nothing = np.zeros((k, 0))
    root, factor = _cholesky(H) if k else (nothing.T, nothing.T)
    if root is None or factor is None or (k and least * k * np.vdot(root, root) >= 1):
        eigenvalues, V = np.linalg.eigh(H)
        kept = eigenvalues > least * eigenvalues[-1]
        lengths = np.sqrt(eigenvalues[kept])
        root, factor, nothing = (V[:, kept] / lengths).T, (V[:, kept] * lengths).T, V[:, ~kept]
    return of_spectrum(root, factor, nothing, s, t, center, entry=entry, rank=rank)


def of_spectrum(
    root: Array, factor: Array, nothing: Array, s: Array, t: float, center: Array, *, entry: float, rank: int
) -> Expansion:
    """Return the expansion about zero of known `root`, `factor` and `null_space`; see `about_zero`."""
    k = len(s)
    zero, trace, u = np.zeros(k), float(np.vdot(root, root)), root.T @ (root @ s)
    size = float(u @ u)
    return Expansion(
        zero,
        zero,
        -s,
        t,
        factor,
        root,
        nothing,
        middle=root @ center,
        error=entry * math.sqrt(max(size, t) * trace),
        value_error=entry * (t + size),
        slack=entry * k * trace,
        doubtful=len(root) < rank,
    )


def _cholesky(H: Array) -> tuple[Array, Array] | tuple[None, None]:
    """Return K and R with H = RᵀR and K = R⁻ᵀ, or None if H is not positive definite."""
    L, failed = lapack.dpotrf(H, lower=1, clean=1)
    if failed:
        return None, None
    K, failed = lapack.dtrtri(L, lower=1)
    return (None, None) if failed else (K, L.T)


def _ridged(R: Array, penalty: Array) -> tuple[Array, Array, Array]:
    """Return the factor of RᵀR + ρ, its inverse and null space: by Cholesky where that loses no digits.

    Its columns are first divided by their lengths, which penalties may set far apart.
    """
    size, nothing = np.sqrt(1 + penalty), np.zeros((len(penalty), 0))
    A = np.vstack([R, np.diag(np.sqrt(penalty))])
    K, L = _cholesky(A.T @ A / size / size[:, None]) if len(penalty) else (None, None)
    if K is not None and L is not None and float(np.vdot(K, K) * np.vdot(L, L)) < BENIGN:
        return L * size, K / size, nothing
    factor, root, null_space = _triangular(A / size)
    return _triangular(A) if null_space.size else (factor * size, root / size, nothing)


def _triangular(A: Array) -> tuple[Array, Array, Array]:
    """Return R, K and N with AᵀA = RᵀR, its pseudo-inverse KᵀK, and the directions N that A takes to zero."""
    k = A.shape[1]
    R = np.asarray(np.linalg.qr(A, mode="r"))
    pivots = np.abs(np.diag(R))
    least = 16 * k * EPSILON * float(pivots.max(initial=0.0))
    if not k or pivots.min() > least:
        K, _ = lapack.dtrtri(R) if k else (R, 0)
        return R, K.T, np.zeros((k, 0))
    lengths, V = np.linalg.svd(R)[1:]
    kept = lengths > least
    return V[kept] * lengths[kept, None], V[kept] / lengths[kept, None], V[~kept].T
