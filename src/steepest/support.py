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

LEVEL = 1e-13
"""Share of its terms that rounding may leave of a sum that is zero."""

A_FEW = 4
"""Columns that leave the support one by one."""

FEWEST = 16
"""Coefficients that may join the support at once; from then on, as many as there are."""

NEAR = 1e-4
"""Share of the strongest pull at zero, below which the support may be that of the minimum."""

FAINT = 2.0**-51
"""Share of what a slope is the sum of, below which rounding alone may pull a coefficient."""


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
        self._take(penalty.l2)
        u = self._independent(u, penalty)
        on, g, there = self._order, self.slope(u) + penalty.l2 * u, len(self._order)
        pulled, faint = np.abs(penalty.pull(u, g)), self._faint(u)
        settled = pulled[on].max(initial=0.0) <= (1 + there) * faint
        pulled[on] = 0
        pulled[pulled <= faint] = 0
        drawn = _strongest(pulled, max(min(max(FEWEST, there), self._room - there), 1))
        new = self._lowest(u, g, on, drawn, penalty)
        if not len(drawn) or new[drawn].any() or not settled:
            return new
        worst = drawn[[pulled[drawn].argmax()]]
        new = self._lowest(u, g, on, worst, penalty)
        if new[worst].any():
            return new
        return self._exchanged(u, int(worst[0]), -float(np.sign(g[worst[0]])), penalty)

    def left(self, u: Array, penalty: Penalty) -> float | None:
        """Return how far the objective at u is above its minimum, where that has the support of u.

        With e the gradient on the support, ½ eᵀH⁻¹e is to be gained there; then nothing but rounding may pull
        a coefficient. None if something does, or if it is far away.
        """
        self._take(penalty.l2)
        e = penalty.pull(u, self.slope(u) + penalty.l2 * u)
        far = np.abs(e).max(initial=0.0) > NEAR * np.abs(self._s).max(initial=0.0)
        if far or np.count_nonzero(u) > self._room:
            return None
        held, new = self._hold(np.flatnonzero((u != 0) | ~penalty.kinked)), u.copy()
        new[held] -= self._solve(e[held])
        crossed = penalty.kinked & (new * u <= 0) & (u != 0)
        pulled = penalty.pull(new, self._gram.times(new) - self._s + penalty.l2 * new)
        if crossed.any() or np.abs(pulled).max(initial=0.0) > (1 + len(held)) * self._faint(new):
            return None
        return max(float(e[held] @ (u - new)[held]), 0.0) / 2

    def _faint(self, u: Array) -> float:
        """Return the pull that rounding of the slope explains."""
        return FAINT * float(np.abs(u).sum() + np.abs(self._s).max(initial=0.0))

    def _independent(self, u: Array, penalty: Penalty) -> Array:
        """Return coefficients (k,) of columns that are independent, with the fitted values of u.

        The penalty is no larger.
        """
        while True:
            on = np.flatnonzero((u != 0) | ~penalty.kinked)
            if len(self._hold(on)) == len(on):
                return u
            follows = np.setdiff1d(on, self._order)
            follows = follows[u[follows] != 0]
            if not len(follows):
                return u
            at = int(follows[0])
            rises = self._along(at) * (penalty.l1 * np.sign(u) + penalty.l2 * u)
            level = abs(rises.sum()) <= LEVEL * np.abs(rises).sum()
            u = self._exchanged(u, at, -float(np.sign(u[at] if level else rises.sum())), penalty)

    def _lowest(self, u: Array, g: Array, on: Places, drawn: Places, penalty: Penalty) -> Array:
        """Return the lowest point on the way to the minimum over the coefficients on and those drawn."""
        u, sign = u.copy(), np.where(u != 0, np.sign(u), -np.sign(g))
        pull = g + penalty.l1 * sign
        wanted, moved = np.concatenate([on, drawn]), 1.0
        while len(wanted):
            held = self._hold(wanted)
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

    def _along(self, at: int) -> Array:
        """Return the relation (k,) of a column to those held: moving along it changes no fitted value.

        It is known to the square root of what a column must not follow from the others by.
        """
        held, along = self._order, np.zeros(len(self._s))
        along[at] = 1
        along[held] = -self._solve(self._gram.block(held, np.array([at]))[:, 0])
        return np.where(np.abs(along) > self._least**0.5 * np.abs(along).max(), along, 0.0)

    def _exchanged(self, u: Array, at: int, sign: float, penalty: Penalty) -> Array:
        """Return u moved along the relation of a column, the way of a sign, until the penalty holds one."""
        along, ends = sign * self._along(at), penalty.kinked.copy()
        ends[at] = True
        shrinks = ends & (u * along < 0)
        if not shrinks.any():
            return u
        share = np.divide(-u, along, out=np.full(len(u), np.inf), where=shrinks)
        new = u + share.min() * along
        new[share <= share.min()] = 0
        return new

    def _take(self, l2: Array) -> None:
        """Forget what was factored with another ridge."""
        if l2 is not self._l2 and not np.array_equal(l2, self._l2):
            self._forget(l2)

    def _forget(self, l2: Array) -> None:
        self._room = self._most + int(np.count_nonzero(l2))  # a ridge tells columns apart
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
            across, corner, free = self._grown(new)
            if free:
                self._append(new[:free], across[:, :free], corner[:free, :free])
            new = new[free + 1 :]
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
        known = failed - 1 if failed else len(new)
        small = corner.diagonal()[:known] ** 2 <= self._least * sizes[:known]
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
