"""Numbers that stand for missing values: -999 and its like, at the end of a column and in many rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from steepest.chunk import Chunk
from steepest.normal import NormalEquations

NINES = tuple(float("9" * digits) for digits in range(2, 10))
FAR = 2.0
"""Spreads from the mean from which the end of a column may be such a number."""

MANY = 0.01
"""Share of the rows from which it is one."""


@dataclass(frozen=True, slots=True)
class Code:
    """A number that occurs in so many rows of a column, far from the others."""

    name: str
    value: float
    rows: int

    def __str__(self) -> str:
        return (
            f"{self.name} is {self.value:g} in {self.rows} rows: if that stands for missing, leave them out"
        )


@dataclass(frozen=True, slots=True)
class Counted:
    """Rows (m,) that hold each of some numbers. They add."""

    rows: NDArray[np.int64]

    def __add__(self, other: Counted) -> Counted:
        return Counted(self.rows + other.rows)


@dataclass(frozen=True, slots=True)
class Occurrences:
    """Counts rows that hold numbers, each in its column: to be folded over the rows."""

    at: tuple[tuple[int, float], ...]

    def of(self, chunk: Chunk) -> Counted:
        X = chunk.matrix()
        return Counted(np.array([np.count_nonzero(X[:, j] == value) for j, value in self.at], dtype=np.int64))


def suspects(normal: NormalEquations) -> tuple[tuple[int, float], ...]:
    """Return the positions of columns that end in nines, far from their mean, and that end."""
    m, found = normal.moments, list[tuple[int, float]]()
    means = (m.mean + m.mean_low) * m.unit
    for j, spread in zip(
        normal.active.tolist(), (normal.spread * m.unit[normal.active]).tolist(), strict=True
    ):
        for end in (float(m.minimum[j]), float(m.maximum[j])):
            nines = -end in NINES or (end in NINES and end > 99)
            if nines and abs(end - float(means[j])) > FAR * spread:
                found.append((j, end))
    return tuple(found)


def codes(normal: NormalEquations, at: tuple[tuple[int, float], ...], counted: Counted) -> tuple[Code, ...]:
    """Return the suspects that occur in many rows."""
    names, least = normal.moments.names, MANY * normal.moments.rows
    pairs = zip(at, counted.rows.tolist(), strict=True)
    return tuple(Code(names[j], value, rows) for (j, value), rows in pairs if rows > max(least, 1))
