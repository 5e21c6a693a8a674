"""Newton's method on the support: the coefficients that are not zero.

Where the signs of the coefficients are known, the lasso is least squares: one solution with a Cholesky
factor, which grows and shrinks with the support. A step solves it for the coefficients at hand and those that
are pulled away from zero; where one would change its sign on the way, it stops at zero and leaves. Every step
lowers the objective to the minimum of another support, so there are finitely many; along a path of penalties
there is little more than one each.

References
----------
Osborne, Presnell, Turlach (2000), *A new approach to variable selection in least squares problems*, IMA
Journal of Numerical Analysis 20.
Lee, Battle, Raina, Ng (2007), *Efficient sparse coding algorithms*, NIPS 19 (the search over signs).
Lawson, Hanson (1974), *Solving Least Squares Problems*, chapter 23 (coefficients that are not negative).
"""

# pyright: reportMissingTypeStubs=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# pyright: reportAttributeAccessIssue=false
from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import blas, lapack

from steepest.gram import Gram
from steepest.penalties import Penalty

Array = NDArray[np.float64]
Places = NDArray[np.intp]

STILL = 1e-13
"""Share of the largest coefficient by which none moves where only rounding moves them."""


A_FEW = 4
"""Columns that leave the support one by one."""

FEWEST = 16
"""Coefficients that may join the support at once; from then on, as many as there are."""


class Support:
    """Where the coefficients are not zero, and the factor that solves for them.

    Parameters
    ----------
    gram : Gram
    s : (k,) array
    least : float
        Share of a column that must not follow from the others on the support.
    most : int
        Columns that can be independent of each other.
    """

    def __init__(self, gram: Gram, s: Array, *, least: float, most: int) -> None:
        self._gram, self._s, self._least, self._most = gram, s, least, most
        self._seen: tuple[Array, Array] | None = None
        self._forget(np.zeros(0))

    def slope(self, u: Array) -> Array:
        """Return Hu - s (k,); asked again for the same u it is not computed again."""
        if self._seen is None or not np.array_equal(self._seen[0], u):
            self._seen = (u, self._gram.times(u) - self._s)
        return self._seen[1]

    def step(self, u: Array, penalty: Penalty) -> Array:
        """Return the minimum (k,) over a support that is at least as good as that of u."""
        if penalty.l2 is not self._l2 and not np.array_equal(penalty.l2, self._l2):
            self._forget(penalty.l2)
        on, g = (u != 0) | ~penalty.kinked, self.slope(u) + penalty.l2 * u
        pulled = np.where(on, 0.0, np.abs(penalty.pull(u, g)))
        there = int(on.sum())
        drawn = _strongest(pulled, max(min(max(FEWEST, there), self._most - there), 1))
        new = self._lowest(u, g, np.flatnonzero(on), drawn, penalty)
        if not len(drawn) or new[drawn].any() or np.abs(new - u).max() > STILL * np.abs(u).max():
            return new
        worst = drawn[[pulled[drawn].argmax()]]
        new = self._lowest(u, g, np.flatnonzero(on), worst, penalty)
        return new if new[worst].any() else self._exchanged(u, g, int(worst[0]))

    def _lowest(self, u: Array, g: Array, on: Places, drawn: Places, penalty: Penalty) -> Array:
        """Return the lowest point on the way to the minimum over the coefficients on and those drawn."""
        u, sign = u.copy(), np.where(u != 0, np.sign(u), -np.sign(g))
        pull = g + penalty.l1 * sign
        wanted, moved = np.concatenate([on, drawn]), 1.0
        while len(wanted):
            held = self._hold(wanted)
            if len(held) < len(wanted):
                u[~np.isin(np.arange(len(u)), held)] = 0
            now, signs = u[held], sign[held]
            goal = now - moved * self._solve(pull[held])
            crossing = penalty.kinked[held] & (goal * signs < 0)
            if not crossing.any():
                u[held] = goal
                break
            share = np.divide(now, now - goal, out=np.full(len(now), np.inf), where=crossing)
            first = share.min()
            u[held] = now + first * (goal - now)
            u[held[share <= first]] = 0
            wanted, moved = held[share > first], moved * (1 - first)
        return u

    def _exchanged(self, u: Array, g: Array, drawn: int) -> Array:
        """Return u with a coefficient in place of one of those whose columns its own follows from.

        Moving along the relation between them changes no fitted value; the penalty shrinks until the first of
        them is zero.
        """
        held = self._order
        along = np.zeros(len(u))
        along[drawn] = -np.sign(g[drawn])
        along[held] = -along[drawn] * self._solve(self._gram.block(held, np.array([drawn]))[:, 0])
        shrinks = u * along < 0
        if not shrinks.any():
            return u
        share = np.where(shrinks, -u / np.where(shrinks, along, 1.0), np.inf)
        new = u + share.min() * along
        new[share <= share.min()] = 0
        return new

    def _forget(self, l2: Array) -> None:
        self._l2, self._order, self._factor = l2, np.zeros(0, np.intp), np.zeros((0, 0), order="F")

    def _solve(self, b: Array) -> Array:
        """Return the solution with the rows and columns that are held."""
        return lapack.dpotrs(self._factor, b, lower=1)[0] if len(b) else b

    def _hold(self, wanted: Places) -> Places:
        """Make the factor that of these rows and columns, but those that follow from others; return them.

        A few columns are rotated out of it; if there are more, it is made anew from the first of them on.
        """
        asked = np.zeros(len(self._l2), bool)
        asked[wanted] = True
        gone = np.flatnonzero(~asked[self._order])
        if len(gone) > A_FEW:
            kept = int(gone[0])
            self._order = self._order[:kept]
            self._factor = np.asfortranarray(self._factor[:kept, :kept])
        else:
            for at in gone[::-1].tolist():
                self._order = np.delete(self._order, at)
                self._factor = _without(self._factor, at)
        asked[self._order] = False
        new = wanted[asked[wanted]]
        while len(new):
            across, corner, follows = self._grown(new)
            self._append(new[:follows], across[:, :follows], corner[:follows, :follows])
            new = new[follows + 1 :]
        return self._order

    def _grown(self, new: Places) -> tuple[Array, Array, int]:
        """Return the rows below the factor, and how many of the new columns do not follow from others."""
        corner = self._gram.block(new, new)
        corner[np.diag_indices(len(new))] += self._l2[new]
        sizes = corner.diagonal().copy()
        across = np.zeros((0, len(new)))
        if len(self._order):
            across, _ = lapack.dtrtrs(self._factor, self._gram.block(self._order, new), lower=1)
            corner -= across.T @ across
        corner, failed = lapack.dpotrf(corner, lower=1, clean=1)
        if failed:
            return across, corner, failed - 1
        small = corner.diagonal() ** 2 <= self._least * sizes
        return across, corner, int(np.append(small, True).argmax())

    def _append(self, new: Places, across: Array, corner: Array) -> None:
        a, k = len(self._order), len(self._order) + len(new)
        factor = np.zeros((k, k), order="F")
        factor[:a, :a], factor[a:, :a], factor[a:, a:] = self._factor, across.T, corner
        self._order, self._factor = np.concatenate([self._order, new]), factor


def _without(L: Array, at: int) -> Array:
    """Return the factor (a-1, a-1) of a matrix without one of its rows and columns, given that of all (a, a).

    Rotations of neighbouring columns make the rows below it triangular again (Golub, Van Loan (2013), *Matrix
    Computations*, section 6.5.4).
    """
    L = np.asfortranarray(np.delete(L, at, axis=0))
    rows, flat = len(L), L.reshape(-1, order="F")
    for j in range(at, rows):
        here = j * rows + j
        c, s = blas.drotg(flat[here], flat[here + rows])
        known = {"n": rows - j, "offx": here, "offy": here + rows, "overwrite_x": True, "overwrite_y": True}
        blas.drot(flat, flat, c, s, **known)
    return L[:, :rows]


def _strongest(pulled: Array, most: int) -> Places:
    """Return the places that are pulled, at most so many: those that are pulled the hardest."""
    drawn = np.flatnonzero(pulled)
    return drawn if len(drawn) <= most else np.sort(np.argpartition(pulled, -most)[-most:])
