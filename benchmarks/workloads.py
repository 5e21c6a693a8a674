"""The data of the benchmarks: what they are, who fits them, and how fast we want to be beside them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from benchmarks import arrays, cold, files, selection
from benchmarks.reference import reference
from benchmarks.rival import OURS, Rival

BLOCK = 500_000
"""Rows that are made at a time, and those of a row group."""

Pieces = Iterator[tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class Workload:
    """Rows to fit.

    Attributes
    ----------
    title : str
    rows, features : int
    kind : {"arrays", "parquet", "csv"}
        What the rivals are given.
    make : callable
        Yields pieces (X, y), given the numbers of rows and of features; the same ones in every call.
    rivals : mapping
        All the ways to fit them, ours included.
    goals : mapping
        The largest ratio of times, ours over theirs, that we want, by rival.
    reference : callable
        Returns the exact answer (p + 1,), given a function that yields pieces.
    """

    title: str
    rows: int
    features: int
    kind: str = "arrays"
    make: Callable[[int, int], Pieces] = field(kw_only=True)
    rivals: Mapping[str, Rival] = field(default_factory=lambda: arrays.RIVALS, kw_only=True)
    goals: Mapping[str, float] = field(default_factory=dict, kw_only=True)
    reference: Callable[..., np.ndarray] = field(default=reference, kw_only=True)

    def scaled(self, scale: float) -> int:
        """Return how many rows a smaller run has: enough to determine the coefficients."""
        return min(self.rows, max(round(self.rows * scale), 3 * self.features + 20))

    def beside(self) -> dict[str, Rival]:
        """Return whom we are compared to."""
        return {
            name: rival
            for name, rival in self.rivals.items()
            if name != OURS and rival.suits(self.rows, self.features)
        }


def normal(n: int, p: int) -> Pieces:
    """Yield independent normal columns and their noisy sum."""
    yield from _lines(n, np.ones(p), np.zeros(p))


def units(n: int, p: int) -> Pieces:
    """Yield columns in units from 1e-4 to 1e4, ten of their standard deviations from zero."""
    scale = np.logspace(-4, 4, p)
    yield from _lines(n, scale, 10 * scale)


def single(n: int, p: int) -> Pieces:
    for X, y in normal(n, p):
        yield X.astype(np.float32), y.astype(np.float32)


def dependent(n: int, p: int) -> Pieces:
    """Yield columns with the condition number 1e6 whatever their units: mixtures of columns of all sizes."""
    mixing = np.linalg.qr(np.random.default_rng(1).normal(size=(p, p)))[0]
    yield from _lines(n, np.logspace(0, -6, p), np.zeros(p), mixing, noise=1e-4)


def chain(n: int, p: int) -> Pieces:
    """Yield columns of which each is correlated with the one before, and a noisy sum of some."""
    rng = np.random.default_rng(0)
    X, coef = rng.normal(size=(n, p)), np.zeros(p)
    for j in range(1, p):
        X[:, j] = 0.5 * X[:, j - 1] + np.sqrt(0.75) * X[:, j]
    coef[rng.choice(p, p // 10, replace=False)] = rng.normal(size=p // 10)
    yield X, X @ coef + 3 * rng.normal(size=n)


def exact(n: int, p: int) -> Pieces:
    """Yield a line with residuals that are orthogonal to it: intercept 2, slopes 0.5."""
    assert (n % 4, p) == (0, 1)
    x = np.arange(n, dtype=float)
    yield x[:, None], 2 + 0.5 * x + np.tile([1.0, -1.0, -1.0, 1.0], n // 4)


def _lines(n, scale, offset, mixing=None, noise=1.0) -> Pieces:
    """Yield columns of these scales and offsets, mixed, and a target to which every one of them matters."""
    rng, p = np.random.default_rng(0), len(scale)
    coef = rng.uniform(1, 2, p) * rng.choice([-1, 1], p) / (scale if mixing is None else 1)
    for start in range(0, n, BLOCK):
        X = rng.normal(offset, scale, size=(min(BLOCK, n - start), p))
        if mixing is not None:
            X = X @ mixing
        yield X, 1 + X @ coef + noise * rng.normal(size=len(X))


def _all(goal: float) -> dict[str, float]:
    """Return one goal beside everyone who fits arrays."""
    return {name: goal for name, rival in arrays.RIVALS.items() if not rival.limit}


WORKLOADS = {
    "20x1": Workload("20 x 1", 20, 1, make=normal, goals={"scikit-learn LinearRegression": 0.8}),
    "20x1-alone": Workload(
        "20 x 1, without standard errors",
        20,
        1,
        make=normal,
        rivals=arrays.ALONE,
        goals={"scikit-learn LinearRegression": 0.8},
    ),
    "442x10": Workload("442 x 10", 442, 10, make=normal),
    "1e6x1": Workload("1e6 x 1", 1_000_000, 1, make=normal),
    "2e7x1": Workload("2e7 x 1", 20_000_000, 1, make=normal, goals={"one read of the data": 1 / 0.9}),
    "1e6x10": Workload("1e6 x 10", 1_000_000, 10, make=normal, goals={"scikit-learn-intelex": 0.7}),
    "1e6x100": Workload("1e6 x 100", 1_000_000, 100, make=normal, goals={"scikit-learn-intelex": 0.5}),
    "2e5x1000": Workload("2e5 x 1000", 200_000, 1000, make=normal, goals=_all(0.75)),
    "1e5x2000": Workload("1e5 x 2000", 100_000, 2000, make=normal, goals=_all(0.75)),
    "float32": Workload("1e6 x 20, float32", 1_000_000, 20, make=single),
    "scale8": Workload("1e6 x 10, units from 1e-4 to 1e4", 1_000_000, 10, make=units),
    "cond6": Workload("2e5 x 50, condition number 1e6", 200_000, 50, make=dependent),
    "lassocv": Workload(
        "lasso, 100 penalties x 5 folds, 1e5 x 200",
        100_000,
        200,
        make=chain,
        rivals=selection.RIVALS,
        reference=selection.reference,
        goals={"scikit-learn LassoCV": 0.1, "scikit-learn LassoCV, tol 1e-6": 0.1},
    ),
    "parquet": Workload(
        "50 million rows x 10, Parquet",
        50_000_000,
        10,
        "parquet",
        make=normal,
        rivals=files.PARQUET,
        goals={"polars, streaming sums": 0.6, "bare decode, two threads": 1.4},
    ),
    "csv": Workload(
        "10 million rows x 10, CSV",
        10_000_000,
        10,
        "csv",
        make=normal,
        rivals=files.CSV,
        goals={
            "polars, streaming sums": 1.0,
            "DuckDB, sums": 1.0,
            "pyarrow read_csv, whole in memory": 1.15,
            "pyarrow dataset, in batches": 1.15,
        },
    ),
    "cold": Workload("a process that fits 20 x 1", 20, 1, "csv", make=exact, rivals=cold.PYTHON),
    "command": Workload("`steepest fit` of 20 x 1", 20, 1, "csv", make=exact, rivals=cold.COMMAND),
}
