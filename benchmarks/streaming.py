"""How long a fit of a large file takes beside what others need to read it, or to add it up.

    python benchmarks/streaming.py FOLDER [parquet] [csv] [--rows N] [--pairs N]

The files (50 million rows of 11 columns in Parquet, 10 million in CSV) are made in FOLDER if they are not
there. Every run is a process of its own; its time is that of the work, imports not counted. Runs are paired
(ours, theirs, ours, theirs, ...); the tables give medians, and medians of the ratios of pairs.

Ours is the whole fit with standard errors. The others add up all products of columns in streaming (polars and
DuckDB, which leave the solving to the reader), or only decode.
"""

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path

NAMES = [*(f"x{j}" for j in range(10)), "y"]
GROUP = 500_000

OURS = """
from steepest.fitting import fit
from steepest.inference import inference
from steepest.learning import learn
from steepest.parameters import Parameters
from steepest.sources.base import Selection
from steepest.sources.open import open_table

def work():
    table = open_table(PATH)
    return inference(fit(Selection(table, learn(table, target="y"), 0), Parameters())).n
"""

PRODUCTS = """
pairs = [(a, b) for i, a in enumerate(NAMES) for b in NAMES[i:]]
"""

POLARS = (
    PRODUCTS
    + """
import polars as pl

def work():
    sums = [pl.len(), *(pl.col(a).sum().alias(a) for a in NAMES)]
    products = [(pl.col(a) * pl.col(b)).sum().alias(a + b) for a, b in pairs]
    return pl.SCAN(PATH).select(sums + products).collect(engine="streaming")[0, 0]
"""
)

DUCKDB = (
    PRODUCTS
    + """
import duckdb

def work():
    sums = ", ".join(["count(*)", *(f"sum({a})" for a in NAMES), *(f"sum({a}*{b})" for a, b in pairs)])
    return duckdb.sql(f"SELECT {sums} FROM '{PATH}'").fetchall()[0][0]
"""
)

DECODE = """
from concurrent.futures import ThreadPoolExecutor
import pyarrow.parquet as pq

def work():
    metadata = pq.ParquetFile(PATH).metadata

    def rows(group):
        file = pq.ParquetFile(PATH, metadata=metadata, pre_buffer=False)
        return file.read_row_group(group, use_threads=False).num_rows

    with ThreadPoolExecutor(2) as pool:
        return sum(pool.map(rows, range(metadata.num_row_groups)))
"""

SCAN = """
import pyarrow.dataset as ds

def work():
    return sum(batch.num_rows for batch in ds.dataset(PATH, format="csv").to_batches())
"""

WHOLE = """
import pyarrow.csv as pc

def work():
    return pc.read_csv(PATH).num_rows
"""

RUN = """
import json, re, time
started = time.perf_counter()
rows = work()
seconds = time.perf_counter() - started
peak = int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) / 1024
print(json.dumps([rows, seconds, peak]))
"""

WORKLOADS = {
    "parquet": (
        50_000_000,
        {
            "polars, streaming sums": (POLARS.replace("SCAN", "scan_parquet"), 0.8),
            "DuckDB, sums": (DUCKDB, 0.8),
            "bare decode, two threads": (DECODE, 2.0),
        },
    ),
    "csv": (
        10_000_000,
        {
            "pyarrow read_csv, whole in memory": (WHOLE, 1.15),
            "pyarrow dataset, in batches": (SCAN, 1.15),
            "polars, streaming sums": (POLARS.replace("SCAN", "scan_csv"), 1.0),
            "DuckDB, sums": (DUCKDB, 1.0),
        },
    ),
}


def make(path, rows):
    """Write rows of independent normal columns and their noisy sum."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.csv as pc
    import pyarrow.parquet as pq

    rng, schema = np.random.default_rng(0), pa.schema([(name, pa.float64()) for name in NAMES])
    writer = pq.ParquetWriter(path, schema) if path.suffix == ".parquet" else pc.CSVWriter(path, schema)
    with writer:
        for start in range(0, rows, GROUP):
            X = rng.normal(size=(min(GROUP, rows - start), 10))
            y = 1 + X @ np.arange(0.1, 1.05, 0.1) + rng.normal(size=len(X))
            writer.write_table(pa.table([*X.T, y], schema=schema))


def run(code, path):
    """Return rows, seconds and peak megabytes of a run in a process of its own."""
    script = f"PATH = {str(path)!r}\nNAMES = {NAMES!r}\n{code}\n{RUN}"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])  # DuckDB shows its progress above


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("workloads", nargs="*", help=f"{', '.join(WORKLOADS)}; all if left out")
    parser.add_argument("--rows", type=int, help="of every file, if not those above")
    parser.add_argument("--pairs", type=int, default=5)
    asked = parser.parse_args()
    print("| file | beside | ours | theirs | ratio | goal | MB ours | MB theirs |")
    print("|---|---|--:|--:|--:|--:|--:|--:|")
    for kind in asked.workloads or WORKLOADS:
        rows, rivals = WORKLOADS[kind]
        rows = asked.rows or rows
        path = asked.folder / f"{rows}.{kind}"
        if not path.exists():
            make(path, rows)
        run(OURS, path)
        for rival, (code, goal) in rivals.items():
            pairs = [(run(OURS, path), run(code, path)) for _ in range(asked.pairs)]
            assert all(ours[0] == theirs[0] == rows for ours, theirs in pairs)
            ratio = statistics.median(ours[1] / theirs[1] for ours, theirs in pairs)
            (seconds, peak), (their_seconds, their_peak) = (
                [statistics.median(run[column] for run in side) for column in (1, 2)]
                for side in zip(*pairs, strict=True)
            )
            print(
                f"| {kind}, {rows / 1e6:g} M rows | {rival} | {seconds:.2f} s | {their_seconds:.2f} s"
                f" | {ratio:.2f} | {goal:g} | {peak:.0f} | {their_peak:.0f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
