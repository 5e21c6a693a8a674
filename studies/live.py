"""Whether estimates on the way tell the truth: how often intervals cover while a file is read piece by piece.

    python -m studies.live [--files 360] [--runs 400] [--save]

A file of 40, 100 or 200 pieces holds a random sample of rows about a known line, in random order, sorted by
a feature, or sorted by the target. Its pieces are read in random order, and after a share of them the
estimates are held against those of all rows, which they may still `move` to, and against the line itself,
for which they have a `reach`. Beside `move` stands the interval of whoever believes that rows, and not
pieces, come in random order: the ordinary standard error times sqrt(1 - share).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np

from steepest.anytime import FEWEST, LEVEL, MOST_GROUPS, standing
from steepest.engines.tree import Tree
from steepest.moments import Moments
from studies.command import run

BETA = np.array([1.0, 1.0, -2.0, 0.5])
ROWS = 50
"""Rows in a piece."""

ORDERS = 3
"""Random orders in which the pieces of a file are read."""

PIECES = (40, 100, 200)
ARRANGEMENTS = ("random", "feature", "target")
ERRORS = ("normal", "heavy")
CELLS = tuple(product(PIECES, ARRANGEMENTS, ERRORS))
SHARES = (0.1, 0.2, 0.4, 0.6)
GOALS = (3.0, 1.5)
"""Wanted half-widths, in those of all rows."""

BAND = (0.90, 0.97)
AWAY = 3.3


@dataclass(frozen=True)
class Reads:
    """What B readings said after a share of the pieces, of q coefficients.

    Attributes
    ----------
    off, away : (B, q) arrays
        How far the estimates were from those of all rows, and from the line.
    move, naive, reach : (B, q) arrays
    """

    off: np.ndarray
    away: np.ndarray
    move: np.ndarray
    naive: np.ndarray
    reach: np.ndarray


def pieces_of(rng, pieces, arrangement, errors, rows=ROWS):
    """Draw a file, and return the moments of its pieces."""
    n = pieces * rows
    X = rng.normal(size=(n, len(BETA) - 1))
    noise = rng.normal(size=n) if errors == "normal" else rng.standard_t(3, size=n)
    y = BETA[0] + X @ BETA[1:] + noise
    by = {"random": np.arange(n), "feature": X[:, 0], "target": y}[arrangement]
    table = np.column_stack([X, y])[np.argsort(by, kind="stable")]
    return [Moments.of(table[at : at + rows]) for at in range(0, n, rows)]


def reading(rng, pieces) -> Iterator[tuple[int, list[Moments]]]:
    """Read pieces in a random order; yield the number of those that were read, and their groups."""
    tree = Tree(MOST_GROUPS)
    for count, at in enumerate(rng.permutation(len(pieces)), 1):
        tree.add((pieces[at],), pieces[at].rows)
        yield count, [moments for (moments,) in tree.groups()] if count >= FEWEST else []


def simulate(pieces, arrangement, errors, *, shares=SHARES, files=360, orders=ORDERS, seed=0):
    """Read files of a cell, and return for every share of at least ten pieces what was said."""
    rng = np.random.default_rng([seed, *cell_seed(pieces, arrangement, errors)])
    looks = {round(share * pieces): share for share in shares if round(share * pieces) >= FEWEST}
    told = {share: [] for share in looks.values()}
    for _ in range(files):
        file = pieces_of(rng, pieces, arrangement, errors)
        everything = standing(file, intercept=True, share=None).estimate
        for _ in range(orders):
            for count, groups in reading(rng, file):
                if count in looks:
                    told[looks[count]].append(said(groups, count / pieces, everything))
                if count == max(looks):
                    break
    return {share: Reads(*np.moveaxis(np.array(each), 1, 0)) for share, each in told.items()}


def said(groups, share, everything):
    stands = standing(groups, intercept=True, share=share)
    ordinary = np.sqrt(np.maximum(stands.reach**2 - stands.move**2, 0) / share)
    return (
        np.abs(stands.estimate - everything),
        np.abs(stands.estimate - BETA),
        stands.move,
        ordinary * np.sqrt(1 - share),
        stands.reach,
    )


def cell_seed(pieces, arrangement, errors):
    return pieces, ARRANGEMENTS.index(arrangement), ERRORS.index(errors)


def covered(off, half):
    return (off <= half).mean(axis=0)


@dataclass(frozen=True)
class Stops:
    """Runs that read until intervals, that hold at any time, were narrow enough.

    Attributes
    ----------
    shares : (B,) array
        At which they stopped.
    line, file : (B, q) arrays of bool
        Whether the interval missed the line, and the estimates of all rows.
    """

    shares: np.ndarray
    line: np.ndarray
    file: np.ndarray


def stopping(pieces, arrangement, errors, *, goals=GOALS, runs=400, seed=1):
    """Look after every piece; return where runs stop for every goal, and whether any look missed at all."""
    rng = np.random.default_rng([seed, *cell_seed(pieces, arrangement, errors)])
    told = {goal: [] for goal in (*goals, None)}
    for _ in range(runs):
        file = pieces_of(rng, pieces, arrangement, errors)
        last = standing(file, intercept=True, share=1.0)
        looks = []
        for count, groups in reading(rng, file):
            if groups:
                stands = standing(groups, intercept=True, share=count / pieces, always=True)
                away = [np.abs(stands.estimate - truth) > stands.reach for truth in (BETA, last.estimate)]
                looks.append((count / pieces, stands.reach, *away))
        for goal in goals:
            share, _, line, of_file = next(look for look in looks if (look[1] <= goal * last.reach).all())
            told[goal].append((share, line, of_file))
        line, of_file = (np.any([look[at] for look in looks], axis=0) for at in (2, 3))
        told[None].append((1.0, line, of_file))
    return {goal: Stops(*map(np.array, zip(*each, strict=True))) for goal, each in told.items()}


def verdict(found, low, high):
    if np.min(found) < low:
        return "TOO FEW"
    return "ok" if np.max(found) <= high else "TOO MANY"


def extent(values):
    return f"{np.min(values):.3f} .. {np.max(values):.3f}"


def coverage_table(cells):
    yield (
        "| pieces | rows sorted by | errors | read | `move`: coefficients | all | naive: worst | all "
        "| `reach`: coefficients | all | `move` |"
    )
    yield "|--:|---|---|--:|--:|--:|--:|--:|--:|--:|---|"
    for (pieces, arrangement, errors), runs in cells.items():
        for share, each in runs.items():
            move, naive = covered(each.off, each.move), covered(each.off, each.naive)
            reach = covered(each.away, each.reach)
            yield (
                f"| {pieces} | {named(arrangement)} | {errors} | {share:.0%} | {extent(move)} "
                f"| {move.mean():.3f} | {naive.min():.3f} | {naive.mean():.3f} | {extent(reach)} "
                f"| {reach.mean():.3f} | {verdict(move, *BAND)} |"
            )


def summary_table(cells):
    yield "| rows sorted by | errors | `move`: single coefficients | cells, pooled | in the band | naive | |"
    yield "|---|---|--:|--:|--:|--:|---|"
    for arrangement, errors in product(ARRANGEMENTS, ERRORS):
        each = [
            one
            for (_, *kind), runs in cells.items()
            if kind == [arrangement, errors]
            for one in runs.values()
        ]
        move = np.array([covered(one.off, one.move) for one in each])
        naive = np.array([covered(one.off, one.naive) for one in each])
        inside = ((move >= BAND[0]) & (move <= BAND[1])).sum()
        pooled = move.mean(axis=1)
        yield (
            f"| {named(arrangement)} | {errors} | {extent(move)} | {extent(pooled)} "
            f"| {inside} of {move.size} | {extent(naive)} | {verdict(pooled, *BAND)} |"
        )


def stopping_table(runs):
    yield "| rows sorted by | errors | goal | stopped at | misses the line: worst | all | misses the file | |"
    yield "|---|---|--:|--:|--:|--:|--:|---|"
    limit = 1 - LEVEL + AWAY * np.sqrt(LEVEL * (1 - LEVEL) / runs)
    for arrangement, errors in product(ARRANGEMENTS, ERRORS):
        for goal, each in stopping(40, arrangement, errors, runs=runs).items():
            line, of_file = each.line.mean(axis=0), each.file.mean(axis=0)
            where = "any look" if goal is None else f"{np.median(each.shares):.0%}"
            yield (
                f"| {named(arrangement)} | {errors} | {'none' if goal is None else f'{goal} x'} | {where} "
                f"| {line.max():.3f} | {line.mean():.3f} | {extent(of_file)} "
                f"| {verdict([line.max(), of_file.max()], 0, limit)} |"
            )


def named(arrangement):
    return {"random": "nothing", "feature": "a feature", "target": "the target"}[arrangement]


def report(files, runs):
    cells = {cell: simulate(*cell, files=files) for cell in CELLS}
    yield (
        f"{files * ORDERS} random orders of the pieces in every row, {ORDERS} of each of {files} files; "
        f"{ROWS} rows a piece, 3 features, normal or t(3) errors."
    )
    wanted = f"{BAND[0]:.0%} to {BAND[1]:.0%}"
    yield f"Intervals at {LEVEL:.0%}; wanted of `move`: {wanted}. None before {FEWEST} pieces.\n"
    yield from summary_table(cells)
    yield ""
    yield from coverage_table(cells)
    yield (
        f"\n{runs} readings of 40 pieces, with a look after every piece from the tenth on, until all "
        "intervals (which hold at any\ntime) were as narrow as a multiple of the ordinary ones of all rows; "
        "and whether any look missed, the last included.\n"
    )
    yield from stopping_table(runs)


if __name__ == "__main__":
    run(__doc__, "live", report, files=360, runs=400)
