"""Whether columns that look dependent to the moments are dependent in the rows.

Moments square the condition number: columns closer than about 10^-7 of their spread look the same to them.
One look at the rows decides, because there the combination of columns that should vanish is computed as it
is, not as a difference of squares.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from steepest.chunk import Chunk
from steepest.normal import NormalEquations

Array = NDArray[np.float64]

ROUNDINGS = 16
LOOKS = 3


@dataclass(frozen=True, slots=True)
class Products:
    """Sums over rows of the combinations e = Vᵀz: their squares (d,) and products with the columns (k, d)."""

    squares: Array
    cross: Array

    def __add__(self, other: Products) -> Products:
        return Products(self.squares + other.squares, self.cross + other.cross)


@dataclass(frozen=True, slots=True)
class Combinations:
    """Combinations V (k, d) of the columns in unit-diagonal coordinates, to be summed over rows."""

    normal: NormalEquations
    V: Array

    def of(self, chunk: Chunk) -> Products:
        """Return the sums over the rows of a chunk (features and target)."""
        Z = self.normal.coordinates(chunk.matrix())
        E, w = Z @ self.V, chunk.weights
        weighted = E if w is None else E * (w / self.normal.moments.weight_unit)[:, None]
        return Products(np.einsum("ij,ij->j", E, weighted), Z.T @ weighted)


class Pass(Protocol):
    """Something that sums over all rows once."""

    def __call__(self, fold: Combinations, /) -> Products: ...


def confirmed(normal: NormalEquations, look: Pass) -> bool:
    """Return whether the columns are dependent in the rows, as far as float64 numbers can be.

    The null space of the moments is only as good as they are: each look corrects it for the next.

    Parameters
    ----------
    normal : NormalEquations
        Below full rank.
    look : callable
        Sums a fold over all rows.
    """
    null_space, weight = normal.null_space, normal.moments.weight
    rounding = ROUNDINGS * normal.k * normal.unit_roundoff * (1 + float(np.abs(normal.center).max()))
    for _ in range(LOOKS):
        sums = look(Combinations(normal, null_space))
        if (sums.squares <= weight * rounding**2).all():
            return True
        corrected = null_space - normal.solve(sums.cross / weight)
        null_space = corrected / np.linalg.norm(corrected, axis=0)
    return False
