"""`Thin`: the moments of fewer rows than columns, which are the rows themselves."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from steepest.cells import refuse
from steepest.chunk import Chunk
from steepest.exact import two_sum
from steepest.gathering import FORMED, WEIGHTED, units
from steepest.moments import Moments

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Thin(Moments):
    """Moments that keep the rows, because the products of their columns would take more room.

    They add like others, by keeping the rows of both; `scatter` is empty, and `dense` forms it.

    Attributes
    ----------
    table : (n, p+1) array
    row_weights : (n,) array or None
        In the user's units.
    """

    table: Array = field(kw_only=True)
    row_weights: Array | None = field(kw_only=True)

    @classmethod
    def of(cls, rows: Chunk | ArrayLike, weights: ArrayLike | None = None) -> Moments:
        """Keep the rows of a chunk; see `Moments.of`."""
        if not isinstance(rows, Chunk):
            return super().of(rows, weights)
        dropped = sum(rows.dropped.values())
        if not rows.rows:
            return replace(Moments.empty(len(rows.names) - 1, rows.names), dropped=dropped)
        table = np.array(rows.matrix(), dtype=np.float64)
        if not np.isfinite(table).all():
            refuse(rows)
        return cls._made(rows.names, dropped, table, rows.weights)

    @classmethod
    def empty(cls, p: int, names: Sequence[str] = ()) -> Moments:
        return Moments.empty(p, names)

    @classmethod
    def _made(cls, names: tuple[str, ...], dropped: int, table: Array, w: Array | None) -> Self:
        least, most = table.min(axis=0), table.max(axis=0)
        unit = units(np.maximum(np.abs(least), np.abs(most)))
        weight_unit = 1.0 if w is None else float(units(w.max(keepdims=True))[0])
        share = None if w is None else w / weight_unit
        mean = np.average(table / unit, axis=0, weights=share)
        mean, mean_low = two_sum(mean, np.average(table / unit - mean, axis=0, weights=share))
        constant = least == most
        mean[constant], mean_low[constant] = (least / unit)[constant], 0.0
        return cls(
            names=names,
            rows=len(table),
            dropped=dropped,
            weight=float(len(table) if share is None else share.sum()),
            sum_log_weight=0.0 if w is None else float(np.log(w).sum()),
            mean=mean,
            mean_low=mean_low,
            scatter=np.zeros((0, 0)),
            minimum=least,
            maximum=most,
            unit=unit,
            weight_unit=weight_unit,
            roundings=(FORMED if w is None else WEIGHTED) + math.isqrt(len(table)),
            table=table,
            row_weights=w,
        )

    def spans(self, *, about_mean: bool) -> Array:
        """Return rows (n, p+1) whose products are the mean products of the columns."""
        rows = self.table / self.unit
        if about_mean:
            rows -= self.mean
            rows -= self.mean_low
        if self.row_weights is None:
            return rows / math.sqrt(self.rows)
        return rows * np.sqrt(self.row_weights / self.weight_unit / self.weight)[:, None]

    def products(self, *, about_mean: bool) -> Array:
        rows = self.spans(about_mean=about_mean)
        return rows.T @ rows

    def variances(self, combinations: Array) -> Array:
        around = self.spans(about_mean=True) @ combinations.T
        return np.einsum("ij,ij->j", around, around)

    def dense(self) -> Moments:
        known: dict[str, Any] = {name: getattr(self, name) for name in Moments.__dataclass_fields__}
        known["scatter"] = self.products(about_mean=True) * self.weight
        return Moments(**known)

    def select(self, names: Sequence[str]) -> Moments:
        keep = self._places(names)
        return self._made((*names, self.names[-1]), self.dropped, self.table[:, keep], self.row_weights)

    def __add__(self, other: Moments) -> Moments:
        self._refuse_other_columns(other)
        dropped = self.dropped + other.dropped
        if not other.rows:
            return replace(self, dropped=dropped)
        if not isinstance(other, Thin):
            return self.dense() + other
        weights = [
            np.ones(each.rows) if each.row_weights is None else each.row_weights for each in (self, other)
        ]
        plain = self.row_weights is None and other.row_weights is None
        table = np.concatenate([self.table, other.table])
        return self._made(self.names, dropped, table, None if plain else np.concatenate(weights))

    def __sub__(self, other: Moments) -> Moments:
        return self.dense() - other.dense()
