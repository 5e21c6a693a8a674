"""Rivals that fit a file, whose columns are x0, x1, ... and y; most only add it up, or read it."""

from concurrent.futures import ThreadPoolExecutor
from itertools import combinations_with_replacement

from benchmarks.rival import OURS, Answer, Rival

THREADS = 2
BUFFER = 1 << 20


def steepest(path):
    import steepest

    def fit():
        model = steepest.fit(path, target="y")
        return Answer(model.intercept_, model.coef_, model.inference().se)

    return fit


def polars(path):
    import polars as pl

    scan = {".parquet": pl.scan_parquet, ".csv": pl.scan_csv}[path.suffix]
    names = scan(path).collect_schema().names()
    sums = [pl.len(), *(pl.col(a).sum().alias(a) for a in names)]
    products = [(pl.col(a) * pl.col(b)).sum().alias(f"{a} {b}") for a, b in _pairs(names)]

    def fit():
        return solved(*scan(path).select(sums + products).collect(engine="streaming").row(0))

    return fit


def duckdb(path):
    import duckdb

    names = duckdb.sql(f"FROM '{path}' LIMIT 0").columns
    products = [f"sum({a}*{b})" for a, b in _pairs(names)]
    sums = ", ".join(["count(*)", *(f"sum({a})" for a in names), *products])

    def fit():
        return solved(*duckdb.sql(f"SELECT {sums} FROM '{path}'").fetchall()[0])

    return fit


def _pairs(names):
    return combinations_with_replacement(names, 2)


def solved(*triangle):
    """Return the answer of the normal equations, given the upper half of [1 X y]'[1 X y], row by row."""
    import numpy as np

    k = int(np.sqrt(2 * len(triangle)))
    products = np.zeros((k, k))
    products[np.triu_indices(k)] = triangle
    products = np.triu(products) + np.triu(products, 1).T
    intercept, *coef = np.linalg.solve(products[:-1, :-1], products[:-1, -1])
    return Answer(intercept, coef)


def whole(path):
    from pyarrow.csv import read_csv

    return lambda: read_csv(path).num_rows


def scan(path):
    from pyarrow.dataset import dataset

    return lambda: sum(batch.num_rows for batch in dataset(path, format="csv").to_batches())


def decode(path):
    """Row groups are decoded by threads of our own, which is faster than pyarrow's."""
    from pyarrow.parquet import ParquetFile

    metadata = ParquetFile(path).metadata

    def rows(group):
        file = ParquetFile(path, metadata=metadata, pre_buffer=False)
        return file.read_row_group(group, use_threads=False).num_rows

    def read():
        with ThreadPoolExecutor(THREADS) as pool:
            return sum(pool.map(rows, range(metadata.num_row_groups)))

    return read


def one_read(path):
    """Every byte is copied once out of the system's cache, by threads with a part each."""
    part = -(-path.stat().st_size // THREADS)

    def copy(start):
        buffer, left = memoryview(bytearray(BUFFER)), part
        with open(path, "rb", buffering=0) as file:
            file.seek(start)
            while left > 0 and (got := file.readinto(buffer[:left])):
                left -= got

    def read():
        with ThreadPoolExecutor(THREADS) as pool:
            for _ in pool.map(copy, range(0, THREADS * part, part)):
                pass

    return read


SUMS = {
    OURS: Rival(steepest, ("steepest", "pyarrow", "numpy")),
    "polars, streaming sums": Rival(polars, ("polars",)),
    "DuckDB, sums": Rival(duckdb, ("duckdb",)),
}
PARQUET = SUMS | {"bare decode, two threads": Rival(decode, ("pyarrow",), limit=True)}
CSV = SUMS | {
    "pyarrow read_csv, whole in memory": Rival(whole, ("pyarrow",)),
    "pyarrow dataset, in batches": Rival(scan, ("pyarrow",)),
    "one read of the bytes": Rival(one_read, ("pyarrow",), limit=True),
}
