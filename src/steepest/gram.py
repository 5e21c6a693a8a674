"""H of the normal equations: as a matrix, or as the rows that it is made of, where these are fewer."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from steepest.expansion import EPSILON, Expansion, about_zero, of_spectrum

Array = NDArray[np.float64]
Places = NDArray[np.intp]


class Gram(Protocol):
    """H (k, k) with unit diagonal, as far as it is asked for."""

    def block(self, rows: Places, columns: Places) -> Array:
        """Return some rows and columns."""
        ...

    def times(self, u: Array) -> Array:
        """Return Hu (k,)."""
        ...

    def whole(self) -> Array:
        """Return all of it."""
        ...

    def blur(self, u: Array, t: float) -> float:
        """Return by how many of its roundings ½ uᵀHu - sᵀu + ½ t may be off."""
        ...

    def expansion(
        self, s: Array, t: float, center: Array, *, entry: float, least: float, rank: int
    ) -> Expansion:
        """Return what it says of ½ uᵀHu - sᵀu + ½ t; see `steepest.expansion.about_zero`."""
        ...


@dataclass(frozen=True, slots=True)
class Products:
    """H as it is."""

    H: Array

    def block(self, rows: Places, columns: Places) -> Array:
        return self.H[np.ix_(rows, columns)]

    def times(self, u: Array) -> Array:
        return self.H @ u

    def whole(self) -> Array:
        return self.H

    def blur(self, u: Array, t: float) -> float:
        return (float(np.abs(u).sum()) + math.sqrt(t)) ** 2

    def expansion(
        self, s: Array, t: float, center: Array, *, entry: float, least: float, rank: int
    ) -> Expansion:
        return about_zero(self.H, s, t, center, entry=entry, least=least, rank=rank)


class FewRows:
    """H = Z Zᵀ of n rows and k > n columns, whose columns are the rows of Z (k, n).

    Products are formed when they are first asked for, and kept; the spectrum is that of the smaller ZᵀZ.
    """

    def __init__(self, Z: Array) -> None:
        self.Z = Z
        self._known = np.full(len(Z), -1, np.intp)
        self._products, self._columns = np.zeros((0, 0)), np.zeros(0, np.intp)

    def block(self, rows: Places, columns: Places) -> Array:
        asked = np.concatenate([rows, columns])
        new = np.unique(asked[self._known[asked] < 0])
        if len(new):
            self._learn(new)
        return self._products[np.ix_(self._known[rows], self._known[columns])]

    def _learn(self, new: Places) -> None:
        """Form the products of more columns."""
        there, total = len(self._columns), len(self._columns) + len(new)
        if total > len(self._products):
            larger = np.empty((2 * total, 2 * total))
            larger[:there, :there] = self._products[:there, :there]
            self._products = larger
        self._columns = np.concatenate([self._columns, new])
        self._known[new] = np.arange(there, total)
        across = self.Z[new] @ self.Z[self._columns].T
        self._products[there:total, :total], self._products[:total, there:total] = across, across.T

    def times(self, u: Array) -> Array:
        on = np.flatnonzero(u)
        return self.Z @ (u[on] @ self.Z[on])

    def whole(self) -> Array:
        return self.Z @ self.Z.T

    def blur(self, u: Array, t: float) -> float:
        return (float(np.abs(u).sum()) + math.sqrt(t)) * math.sqrt(t)

    def expansion(
        self, s: Array, t: float, center: Array, *, entry: float, least: float, rank: int
    ) -> Expansion:
        eigenvalues, V = np.linalg.eigh(self.Z.T @ self.Z)
        kept = eigenvalues > least * eigenvalues[-1]
        if int(kept.sum()) < rank:  # squares cannot tell whether rows are dependent
            V, lengths, _ = np.linalg.svd(self.Z.T, full_matrices=False)
            kept = lengths > max(self.Z.shape) * EPSILON * lengths[0]
            eigenvalues, rank = lengths**2, int(kept.sum())
        factor = (self.Z @ V[:, kept]).T
        root, nothing = factor / eigenvalues[kept, None], np.zeros((len(s), 0))
        return of_spectrum(root, factor, nothing, s, t, center, entry=entry, rank=rank)
