"""What dependent columns have to do with each other, by name."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from steepest.normal import NormalEquations

Array = NDArray[np.float64]

NOTHING = 1e-6
"""Share of a combination below which a column takes no part in it."""

COPY = 1e-12
"""Share of the target's variance that a copy of it may leave."""

CLOSE = 1e7
"""Condition number of the columns from which some of them nearly follow from the others."""

ALIKE = 6
"""Decimals to which columns take part alike, and are named in their own order."""


@dataclass(frozen=True, slots=True)
class Relation:
    """x_name = constant + Σ factor · x_other, in every row."""

    name: str
    factors: dict[str, float]
    constant: float

    def __str__(self) -> str:
        terms = [_term(factor, name) for name, factor in self.factors.items()]
        if self.constant or not terms:
            terms.insert(0, f"{self.constant:.6g}")
        return f"{self.name} = " + " + ".join(terms).replace("+ -", "- ")


def relations(normal: NormalEquations) -> tuple[Relation, ...]:
    """Return the relations between dependent columns, each naming a column by those before it."""
    m = normal.moments
    names: list[str] = [m.names[j] for j in normal.active.tolist()]
    size = normal.spread * m.unit[normal.active]
    middle = normal.center * size
    found: list[Relation] = []
    for pivot, row in _reduced(normal.null_space.T):
        factors = -row * size[pivot] / size
        parts = [j for j in np.flatnonzero(np.abs(row) > NOTHING) if j != pivot]
        shares = np.append(middle[pivot], -factors[parts] * middle[parts])
        constant = float(shares.sum())
        if abs(constant) <= NOTHING * float(np.abs(shares).max()):
            constant = 0.0
        found.append(Relation(names[pivot], {names[j]: float(factors[j]) for j in parts}, constant))
    return tuple(sorted(found, key=lambda relation: names.index(relation.name)))


def nearly(normal: NormalEquations) -> tuple[str, ...]:
    """Return the names of columns that nearly depend on each other, those that take part most first."""
    if normal.rank < normal.k or normal.condition < CLOSE:
        return ()
    direction = np.abs(np.linalg.svd(normal.root)[2][0])
    share = (direction / direction.max()).round(ALIKE)
    order = np.argsort(-share, kind="stable")
    return tuple(normal.moments.names[normal.active[j]] for j in order if share[j] > 0.1)


def leaks(normal: NormalEquations) -> tuple[str, ...]:
    """Return the names of features that determine the target exactly, each by itself."""
    if normal.se is not None or normal.freedom <= 0 or normal.t == 0 or normal.k < 2:
        return ()
    alone = np.flatnonzero(normal.s**2 >= (1 - COPY) * normal.t)
    names: list[str] = [normal.moments.names[j] for j in normal.active[alone].tolist()]
    return tuple(names)


def _reduced(rows: Array) -> list[tuple[int, Array]]:
    """Return rows reduced to echelon form from the last column backwards, each with its pivot column."""
    rest, done = rows.copy(), list[tuple[int, Array]]()
    for j in range(rows.shape[1] - 1, -1, -1):
        if not len(rest):
            break
        best = int(np.abs(rest[:, j]).argmax())
        if abs(rest[best, j]) <= NOTHING * np.abs(rest[best]).max():
            continue
        pivot = rest[best] / rest[best, j]
        rest = np.delete(rest, best, axis=0)
        rest = rest - rest[:, j, None] * pivot
        done = [(at, row - row[j] * pivot) for at, row in done]
        done.append((j, pivot))
    return done


def _term(factor: float, name: str) -> str:
    text = f"{factor:.6g}"
    return {"1": name, "-1": f"-{name}"}.get(text, f"{text} {name}")
