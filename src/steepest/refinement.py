"""Gradient steps on the rows, preconditioned by the factor in hand, where the moments are not precise enough.

Moments square the condition number. A pass over the rows about the point that they led to measures the
gradient there without rounding, and gathers the moments of the *whitened* columns E = Z Kᵀ: their covariance
G is the identity but for what rounding did to K, and says how to correct it. A step u ← u - KᵀK g then
leaves of the distance no more than the share by which G is off, whatever the condition number.

Columns that look dependent to the moments are whitened as if they had the smallest variance that moments can
see. What they really have is then measured: either it is real, or they are dependent in the rows.

References
----------
Björck (1996), *Numerical Methods for Least Squares Problems*, section 6.6 (corrected seminormal equations).
Fukaya, Kannan, Nakatsukasa, Yamamoto, Yanagisawa (2020), *Shifted Cholesky QR for computing the QR
factorization of ill-conditioned matrices*, SIAM Journal on Scientific Computing 42.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from steepest.errors import DataChangedError
from steepest.exact import Pair, divide, sliced, times
from steepest.expansion import Expansion
from steepest.moments import Moments
from steepest.normal import HALF_ULP, NEGLIGIBLE, NormalEquations
from steepest.residuals import Grid, Residuals, Scores

Array = NDArray[np.float64]

MOST_PASSES = 8

DIGITS = 1e-10
"""Error of a coefficient, relative to itself, that is always small enough."""

LIKELY = 1 / 50
"""Rounding errors are likely to stay below this share of their bound."""

LARGE = 1e7
"""Rows times columns squared from which digits far below a standard error must be asked for."""

ENOUGH = 1e-8
"""Error of a coefficient of large data, relative to its standard error, that is small enough."""

COARSE, FINE = 4, 5
"""Slices of 20 bits in which products are formed."""

VARIANCE = 1e-6
"""Error of the residual variance, relative to itself, that is small enough."""

LOOSE = 50
"""How much what rounding did may exceed the rounding of the coefficients before it is measured."""

STEEP, STEEP_IF_PRECISE = 1e6, 1e3
"""Condition number of the columns from which their combinations are formed without rounding."""

ROUNDINGS = 4
"""Roundings of the cells of a column from which a combination that vanishes up to them is a real one."""

WHITE = 1e-3
"""Smallest variance of whitened columns that says enough about all of them."""


class Pass(Protocol):
    """Something that sums over all rows once."""

    def __call__(self, fold: Residuals, /) -> Scores: ...


def wanting(normal: NormalEquations, tol: float, *, precise: bool) -> bool:
    """Return whether the moments are not precise enough for what is asked.

    Parameters
    ----------
    normal : NormalEquations
    tol : float
        Distance from the exact answer, in standard errors, that is close enough.
    precise : bool
        Whether every digit is asked for.
    """
    if not normal.k or (normal.t == 0 and not normal.expansion.doubtful):
        return False
    if precise or normal.expansion.doubtful:
        return True
    error = normal.expansion.error
    if normal.freedom > 0 and _error_of_variance(normal) > VARIANCE:
        return True
    if normal.noise > tol * (normal.se or math.inf):
        return True
    small = _is_small(normal)
    if small and error > max(LOOSE * (normal.noise - error), NEGLIGIBLE * (normal.se or math.inf)):
        return True
    return not normal.right_to(DIGITS, LIKELY * error, NEGLIGIBLE if small else ENOUGH / DIGITS)


def refine(normal: NormalEquations, look: Pass, tol: float, *, precise: bool) -> NormalEquations:
    """Return the normal equations about a point where the gradient was measured on the rows.

    Parameters
    ----------
    normal : NormalEquations
    look : callable
        Sums a fold over all rows.
    tol, precise : as in `wanting`

    Raises
    ------
    DataChangedError
        If there are not as many rows as before.
    """
    grid, factors = Grid.of(normal), _Factors.of(normal)
    exactly = factors.clipped or normal.condition > (STEEP_IF_PRECISE if precise else STEEP)
    fine = FINE if precise or exactly or _is_small(normal) else COARSE
    refined = normal
    for passes in range(1, MOST_PASSES + 1):
        line = _line(refined, grid)
        T = _on_grid(grid, factors.combinations) if factors.rough else np.zeros((0, normal.k + 1))
        scan = Residuals(grid, line, T, fine, exactly)
        scores = look(scan)
        if scores.moments.rows != normal.moments.rows:
            what = f"{normal.moments.rows} rows were read at first, and {scores.moments.rows} later"
            raise DataChangedError("data", what, "Fit again when they are complete")
        if factors.rough:
            factors = factors.corrected(scores.moments, grid.at_zero(T), normal)
        about, left = _expansion(normal, scan, scores, factors, passes)
        refined = replace(normal, refined=about)
        settled = _enough(refined, tol, precise=precise) or left <= about.error / 2
        if settled and _measured(refined) and not factors.rough:
            break
    return refined


@dataclass(frozen=True, slots=True)
class _Factors:
    """The factors R and K of H, and how far the variance of whitened columns may be off from one."""

    factor: Array
    root: Array
    null_space: Array
    middle: Array
    clipped: bool
    rough: bool = True
    off: float = 1.0

    @classmethod
    def of(cls, normal: NormalEquations) -> _Factors:
        about = normal.expansion
        if not about.doubtful:
            return cls(about.factor, about.root, about.null_space, about.middle, clipped=False)
        eigenvalues, V = np.linalg.eigh(normal.gram.whole())
        lengths = np.sqrt(np.maximum(eigenvalues, normal.smallest * eigenvalues[-1]))
        nothing = np.zeros((normal.k, 0))
        return cls((V * lengths).T, (V / lengths).T, nothing, np.zeros(normal.k), clipped=True)

    @property
    def combinations(self) -> Array:
        """The combinations of columns to be measured: white ones, and those that were found to vanish."""
        return np.vstack([self.root, self.null_space.T]) if self.clipped else self.root

    def corrected(self, whitened: Moments, at_zero: Array, normal: NormalEquations) -> _Factors:
        """Return the factors corrected by the moments of their combinations of columns.

        `at_zero` are these combinations where all features are zero.
        """
        products, unit, rank = whitened.products(about_mean=normal.intercept), whitened.unit, len(self.root)
        covariance = products[:-1, :-1] * np.outer(unit[:-1], unit[:-1])
        variance, V = np.linalg.eigh(covariance[:rank, :rank])
        combinations = V.T @ self.root
        spread = np.sqrt(np.maximum(variance, 0.0)) / np.linalg.norm(combinations, axis=1)
        dependent = spread <= _rounding(normal, combinations)
        least = normal.smallest
        lengths = np.sqrt(np.maximum(variance, least))[~dependent, None]
        root, factor = combinations[~dependent] / lengths, (V.T @ self.factor)[~dependent] * lengths
        null_space = self.null_space
        if len(covariance) > rank:
            across = (V.T @ covariance[:rank, rank:])[~dependent] / lengths
            null_space = null_space - root.T @ across
        null_space = np.linalg.qr(np.column_stack([null_space, combinations[dependent].T]))[0]
        root, factor = (side - (side @ null_space) @ null_space.T for side in (root, factor))
        both = factor @ root.T
        if np.abs(both - np.eye(len(root))).max(initial=0.0) > _blur(root):
            factor = np.linalg.solve(both, factor)
        smallest = float(variance[~dependent].min(initial=1.0))
        mean = (whitened.mean + whitened.mean_low)[:rank] * unit[:rank]
        middle = (V.T @ (mean - at_zero[:rank]))[~dependent] / lengths[:, 0] * normal.intercept
        return _Factors(
            np.asarray(factor, np.float64),
            root,
            null_space,
            middle,
            self.clipped,
            rough=smallest < WHITE or bool(dependent.any()),
            off=len(root) * normal.entry_error / max(smallest, least),
        )


def _blur(root: Array) -> float:
    """Return by how much the variances of whitened columns may be off because K (rank, k) is rounded."""
    k = root.shape[1]
    return 8 * (k + 1) * HALF_ULP * math.sqrt(k) * float(np.linalg.norm(root))


def _rounding(normal: NormalEquations, combinations: Array) -> Array:
    """Return the spread (m,) of combinations (m, k) of columns that the rounding of their cells explains.

    It is at most what the moments take for zero.
    """
    share = np.abs(combinations) / np.linalg.norm(combinations, axis=1)[:, None]
    cells = ROUNDINGS * HALF_ULP * np.linalg.norm(share * (1 + np.abs(normal.center)), axis=1)
    return np.minimum(cells, math.sqrt(normal.smallest * normal.k))


def _on_grid(grid: Grid, root: Array) -> Array:
    """Return the combinations (m, k+1) of exact coordinates that are the whitened columns."""
    T = root / grid.stretch
    return np.column_stack([T, -T @ grid.means])


def _line(normal: NormalEquations, grid: Grid) -> Pair:
    """Return the line at the best point that is known, and shortest, on the grid: slopes, intercept last."""
    high, low = divide(normal.slopes(normal.shortest(normal.step)), grid.stretch)
    level = normal.moments.mean_low[-1] + normal.expansion.shift - float(grid.means @ high)
    return np.append(high, level * normal.intercept), np.append(low, 0.0)


def _expansion(
    normal: NormalEquations, scan: Residuals, scores: Scores, factors: _Factors, passes: int
) -> tuple[Expansion, float]:
    """Return the objective about a line, as a pass found it, and the error that another step reduces."""
    grid, line = scan.grid, scan.line
    r, weight = scores.moments, normal.moments.weight
    sums = (scores.high + scores.low) / weight
    value = float(r.products(about_mean=normal.intercept)[-1, -1]) * float(r.unit[-1]) ** 2
    shift = 0.0
    if normal.intercept:
        shift = float(line[0][-1] + sums[-1] - normal.moments.mean_low[-1] + grid.means @ line[0][:-1])
    gradient = (grid.means * sums[-1] * normal.intercept - sums[:-1]) / grid.stretch
    off = factors.off + _blur(factors.root)
    left = off / (1 - off) * float(np.linalg.norm(factors.root @ gradient)) if off < 1 else math.inf
    reach = float(np.linalg.norm(factors.root / grid.stretch)) * scores.largest / weight
    rounded = sliced(scan.slices) * ((normal.k + 1) * float(np.abs(line[0]).max()) + reach)
    about = Expansion(
        *times((line[0][:-1], line[1][:-1]), grid.stretch),
        gradient,
        value,
        factors.factor,
        factors.root,
        factors.null_space,
        factors.middle,
        error=left + rounded,
        value_error=normal.entry_error * value,
        slack=off,
        doubtful=factors.rough,
        shift=shift,
        passes=passes,
    )
    return about, left


def _error_of_variance(normal: NormalEquations) -> float:
    """Return the relative error that rounding may have left in the residual variance."""
    if normal.se is None:
        return math.inf
    return normal.expansion.value_error / normal.residual


def _is_small(normal: NormalEquations) -> bool:
    """Return whether another pass over the rows is hardly noticed."""
    return normal.moments.rows * (normal.k + 1) ** 2 < LARGE


def _enough(normal: NormalEquations, tol: float, *, precise: bool) -> bool:
    """Return whether another pass would change nothing that is asked for."""
    error = normal.expansion.error
    if normal.se is not None and error > tol / 10 * normal.se:
        return False
    if precise or _is_small(normal):
        return normal.right_to(HALF_ULP, error, NEGLIGIBLE)
    return normal.right_to(DIGITS / 10, error, 1.0)


def _measured(normal: NormalEquations) -> bool:
    """Return whether the residual variance is known, or known to be rounding noise."""
    about = normal.expansion
    if normal.freedom <= 0:
        return True
    if normal.se is None:
        return about.value_error <= HALF_ULP**2 * normal.t
    return normal.residual >= 0.75 * about.value
