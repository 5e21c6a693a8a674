"""`Moments`: the mergeable statistics that are all least squares ever needs of the data.

Rows z = (x, y) are gathered about an origin close to their mean and merged in centred form; raw sums of
products never occur. The mean is an unevaluated sum of two float64 numbers, which makes merging as exact
at 10^9 + x as it is at x.

Columns beyond 2^±100 are held in units of a power of two, which changes no digit.

References
----------
Chan, Golub, LeVeque (1983), *Algorithms for computing the sample variance*, The American Statistician 37.
Pebay, Terriberry, Kolla, Bennett (2016), *Numerically stable, scalable formulas for parallel and online
computation of higher-order multivariate central moments*, Computational Statistics 31.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from steepest.chunk import Chunk, checked_weights, most_rows
from steepest.errors import InputError
from steepest.exact import two_sum
from steepest.gathering import gather

Array = NDArray[np.float64]

FULL_DIGITS = 15.95
FEWEST_DIGITS = 6.0

MERGED = 4
"""Roundings that a sum of two scatters adds."""


@dataclass(frozen=True, slots=True)
class Moments:
    """Weighted moments of rows z = (x, y), the target last. They add: ``a + b`` is the moments of all rows.

    Attributes
    ----------
    names : tuple of str
        The p features, then the target; empty for the identity of unknown columns.
    rows : int
        Rows with positive weight.
    dropped : int
        Rows that were left out.
    weight : float
        W = Σ wᵢ, in units of `weight_unit`.
    sum_log_weight : float
        Σ log wᵢ of the weights as given.
    mean, mean_low : (p+1,) arrays
        Σ wᵢzᵢ / W as an unevaluated sum, in units of `unit`.
    scatter : (p+1, p+1) array
        S = Σ wᵢ(zᵢ - mean)(zᵢ - mean)ᵀ, undivided, in units of `weight_unit`, `unit` and `unit`.
    minimum, maximum : (p+1,) arrays
        Range of every column as given; NaN where it is not known.
    unit : (p+1,) array of powers of two, all ones unless a column lies beyond 2^±100
    weight_unit : float, a power of two, one unless the weights lie beyond 2^±100
    digits : float
        Decimal digits of the scatter that subtraction has left, at most 15.95.
    roundings : int
        Roundings, one after the other, that an entry of the scatter has been through at most.
    """

    names: tuple[str, ...]
    rows: int
    dropped: int
    weight: float
    sum_log_weight: float
    mean: Array
    mean_low: Array
    scatter: Array
    minimum: Array
    maximum: Array
    unit: Array
    weight_unit: float = 1.0
    digits: float = FULL_DIGITS
    roundings: int = 0

    @classmethod
    def empty(cls, p: int, names: Sequence[str] = ()) -> Moments:
        """Return the identity of ``+`` for p features: the moments of no rows."""
        k = p + 1
        zeros, nan = np.zeros(k), np.full(k, np.nan)
        return cls(tuple(names), 0, 0, 0.0, 0.0, zeros, zeros, np.zeros((k, k)), nan, nan, np.ones(k))

    @classmethod
    def of(cls, rows: Chunk | ArrayLike, weights: ArrayLike | None = None) -> Moments:
        """Gather the moments of some rows.

        Parameters
        ----------
        rows : Chunk or (n, p+1) array
            The features and, last, the target.
        weights : (n,) array, optional
            Nonnegative weights, for an array of rows; rows of weight zero are counted as dropped.

        Raises
        ------
        InputError
            If a cell or a weight is not finite, or a weight is negative.
        """
        chunk = rows if isinstance(rows, Chunk) else _chunk(rows, weights)
        dropped = sum(chunk.dropped.values())
        if chunk.rows == 0:
            return replace(cls.empty(len(chunk.names) - 1, chunk.names), dropped=dropped)
        most = most_rows(len(chunk.names))
        if chunk.rows > most:
            half = most * math.ceil(chunk.rows / most / 2)
            halves = cls.of(chunk.slice(0, half)) + cls.of(chunk.slice(half, chunk.rows))
            return replace(halves, dropped=dropped)
        gathered = gather(chunk)
        return cls(
            names=chunk.names,
            rows=chunk.rows,
            dropped=dropped,
            weight=gathered.weight,
            sum_log_weight=gathered.sum_log_weight,
            mean=gathered.mean,
            mean_low=gathered.mean_low,
            scatter=gathered.scatter,
            minimum=gathered.minimum,
            maximum=gathered.maximum,
            unit=gathered.unit,
            weight_unit=gathered.weight_unit,
            roundings=gathered.roundings,
        )

    @property
    def p(self) -> int:
        """Number of features."""
        return len(self.mean) - 1

    @property
    def weighted(self) -> bool:
        """Whether the rows had weights other than one."""
        return self.sum_log_weight != 0 or self.weight * self.weight_unit != self.rows

    def products(self, *, about_mean: bool) -> Array:
        """Return the weighted mean products (p+1, p+1) of the columns about their means, or about zero."""
        products = self.scatter / self.weight
        if not about_mean:
            mean = self.mean + self.mean_low
            products += np.outer(mean, mean)
        return products

    def variances(self, combinations: Array) -> Array:
        """Return the weighted variances (m,) of combinations (m, p+1) of the columns, in their units."""
        return np.einsum("ij,ij->i", combinations @ self.scatter, combinations) / self.weight

    def agrees(self, other: Moments) -> bool:
        """Return whether both are the moments of the same rows of the same columns, up to rounding."""
        a, b = self.dense()._aligned(other.dense())
        return a.rows == b.rows and a._equals(b)

    def dense(self) -> Moments:
        """Return these moments with their scatter."""
        return self

    def __add__(self, other: Moments) -> Moments:
        """Merge two disjoint sets of rows: commutative and associative up to rounding."""
        self._refuse_other_columns(other)
        dropped = self.dropped + other.dropped
        if not other.rows:
            return self if not other.dropped else replace(self, dropped=dropped)
        if not self.rows:
            return other if not self.dropped else replace(other, dropped=dropped)
        a, b = self._aligned(other.dense())
        if b.weight > a.weight:
            a, b = b, a
        weight = a.weight + b.weight
        apart = (b.mean - a.mean) + (b.mean_low - a.mean_low)
        mean, mean_low = two_sum(a.mean, a.mean_low + b.weight / weight * apart)
        return replace(
            a,
            rows=a.rows + b.rows,
            dropped=dropped,
            weight=weight,
            sum_log_weight=a.sum_log_weight + b.sum_log_weight,
            mean=mean,
            mean_low=mean_low,
            scatter=a.scatter + b.scatter + a.weight * (b.weight / weight) * np.outer(apart, apart),
            minimum=np.minimum(a.minimum, b.minimum),
            maximum=np.maximum(a.maximum, b.maximum),
            digits=min(a.digits, b.digits),
            roundings=max(a.roundings, b.roundings) + MERGED,
        )

    def __sub__(self, other: Moments) -> Moments:
        """Take away rows that are part of these: the moments as if they had never been seen.

        Minimum and maximum are unknown afterwards, and `digits` says what cancellation has left.

        Raises
        ------
        InputError
            If `other` is no part of these rows, or fewer than six digits would be left.
        """
        self._refuse_other_columns(other)
        if not other.rows:
            return self
        a, b = self._aligned(other)
        if other.rows == self.rows and a._equals(b):
            return Moments.empty(self.p, self.names)
        weight = a.weight - b.weight
        if other.rows >= self.rows or not weight > 0:
            what = f"{b.rows} rows of weight {b.weight:g} are no part of {a.rows} rows of weight {a.weight:g}"
            raise InputError("moments", what, "Subtract a part of these rows")
        with np.errstate(all="ignore"):
            apart = (a.mean - b.mean) + (a.mean_low - b.mean_low)
            step = b.weight / weight * apart
            scatter = a.scatter - b.scatter - b.weight * (a.weight / weight) * np.outer(apart, apart)
        digits = _digits_left(a, b, weight, np.diag(scatter))
        if not digits >= FEWEST_DIGITS:
            raise InputError(
                "moments",
                f"subtraction would leave {max(digits, 0):.1f} digits of the {a.digits:.1f} that there were",
                "Gather the moments of the remaining rows from the data",
                code="cancellation",
            )
        mean, mean_low = two_sum(a.mean, a.mean_low + step)
        unknown = np.full(self.p + 1, np.nan)
        return replace(
            a,
            rows=a.rows - b.rows,
            weight=weight,
            sum_log_weight=a.sum_log_weight - b.sum_log_weight,
            mean=mean,
            mean_low=mean_low,
            scatter=scatter,
            minimum=unknown,
            maximum=unknown,
            digits=digits,
            roundings=max(a.roundings, b.roundings) + MERGED,
        )

    def select(self, names: Sequence[str]) -> Moments:
        """Return the moments of some of the features, in the order given, and of the target.

        Raises
        ------
        InputError
            If a name is not among the features.
        """
        keep = self._places(names)
        return replace(
            self,
            names=tuple(self.names[j] for j in keep),
            mean=self.mean[keep],
            mean_low=self.mean_low[keep],
            scatter=self.scatter[np.ix_(keep, keep)],
            minimum=self.minimum[keep],
            maximum=self.maximum[keep],
            unit=self.unit[keep],
        )

    def _places(self, names: Sequence[str]) -> list[int]:
        """Return the columns of some features, and that of the target; see `select`."""
        features = {name: j for j, name in enumerate(self.names[:-1])}
        unknown = [name for name in names if name not in features]
        if unknown:
            known = ", ".join(features)
            raise InputError("moments", f"no feature {unknown[0]!r}", f"Choose from {known}")
        return [*(features[name] for name in names), self.p]

    def __repr__(self) -> str:
        lost = "" if self.digits == FULL_DIGITS else f", {self.digits:.1f} digits left"
        *features, target = self.names or (*(f"x{j}" for j in range(self.p)), "y")
        shown = ", ".join(features[:5]) + (", ..." if len(features) > 5 else "")
        return f"<Moments of {self.rows} rows: {target} ~ {shown or '1'}{lost}>"

    def _refuse_other_columns(self, other: Moments) -> None:
        named = bool(self.names and other.names)
        if self.p != other.p or (named and self.names != other.names):
            raise InputError(
                "moments",
                f"columns differ: {', '.join(self.names)} and {', '.join(other.names)}",
                "Merge moments of the same columns in the same order",
            )

    def _equals(self, other: Moments) -> bool:
        """Return whether both are the moments of the same rows, up to rounding."""
        spread = np.sqrt(np.diag(self.scatter))
        apart = np.abs((self.mean - other.mean) + (self.mean_low - other.mean_low)) * math.sqrt(self.weight)
        twist = np.abs(self.scatter - other.scatter)
        same_weight = math.isclose(self.weight, other.weight, rel_tol=1e-9)
        return bool(
            same_weight
            and (apart <= 1e-9 * spread).all()
            and (twist <= 1e-9 * np.outer(spread, spread)).all()
        )

    def _aligned(self, other: Moments) -> tuple[Moments, Moments]:
        """Return both in common units: the larger of the two, but a column of zeros has none of its own."""
        zero = [(m.minimum == 0) & (m.maximum == 0) for m in (self, other)]
        unit = np.where(zero[0], other.unit, np.where(zero[1], self.unit, np.maximum(self.unit, other.unit)))
        weight_unit = max(self.weight_unit, other.weight_unit)
        return self._in_units(unit, weight_unit), other._in_units(unit, weight_unit)

    def _in_units(self, unit: Array, weight_unit: float) -> Moments:
        if weight_unit == self.weight_unit and (unit == self.unit).all():
            return self
        factor, weight_factor = self.unit / unit, self.weight_unit / weight_unit
        return replace(
            self,
            weight=self.weight * weight_factor,
            mean=self.mean * factor,
            mean_low=self.mean_low * factor,
            scatter=self.scatter * factor * factor[:, None] * weight_factor,
            unit=unit,
            weight_unit=weight_unit,
        )


def _digits_left(a: Moments, b: Moments, weight: float, diagonal: Array) -> float:
    """Return the digits that a - b has: what the scatter, the weight and the mean lose to cancellation.

    The mean of what is left inherits the errors of both means, enlarged as the weight shrinks.
    """
    with np.errstate(all="ignore"):
        spreads = np.sqrt(np.diag(a.scatter) / a.weight) + np.sqrt(np.diag(b.scatter) / b.weight)
        lost = np.concatenate(
            [
                np.diag(a.scatter) / diagonal,
                b.weight / weight * spreads / np.sqrt(diagonal / weight),
                [a.weight / weight],
            ]
        )
    lost = lost[~np.isnan(lost)]
    if (diagonal < 0).any() or not np.isfinite(lost).all():
        return 0.0
    return min(a.digits, b.digits) - math.log10(max(float(lost.max()), 1.0))


def _chunk(rows: ArrayLike, weights: ArrayLike | None) -> Chunk:
    table = np.asarray(rows)
    if table.ndim != 2 or not table.shape[1]:
        raise InputError("rows", f"expected 2 dimensions, got shape {table.shape}", "Pass (n, p+1) rows")
    names = (*(f"x{j}" for j in range(table.shape[1] - 1)), "y")
    w = None if weights is None else checked_weights(weights, len(table))
    return Chunk((table,), names, w).without_zero_weights()
