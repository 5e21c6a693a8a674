"""How long a fit takes beside scikit-learn's LinearRegression, in the same run.

    python benchmarks/fits.py [tiny] [large]

Runs are paired (ours, theirs, ours, theirs, ...) in one process; the table gives medians, and the median
of the ratios of the pairs. Ours computes the certificate, and in the large fit standard errors, t and p.
"""

import argparse
import statistics
import time

import numpy as np
from sklearn.linear_model import LinearRegression as Rival

from steepest import LinearRegression


def paired(ours, theirs, pairs):
    """Return the median seconds of both, and the median ratio of the pairs."""
    seconds = []
    for run in [ours, theirs] * (pairs + 1):
        start = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - start)
    a, b = seconds[2::2], seconds[3::2]
    ratios = [x / y for x, y in zip(a, b, strict=True)]
    return statistics.median(a), statistics.median(b), statistics.median(ratios)


def rows(n, p):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, p))
    return X, X @ rng.normal(size=p) + rng.normal(size=n)


def tiny():
    X, y = rows(20, 1)
    ours, theirs = LinearRegression(), Rival()
    return "20 x 1", 1.0, paired(lambda: ours.fit(X, y), lambda: theirs.fit(X, y), 2000)


def large():
    X, y = rows(1_000_000, 100)
    ours, theirs = LinearRegression(), Rival()
    return (
        "1e6 x 100, with inference",
        0.3,
        paired(lambda: ours.fit(X, y).inference(), lambda: theirs.fit(X, y), 5),
    )


WORKLOADS = {"tiny": tiny, "large": large}


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("workloads", nargs="*", help=f"{', '.join(WORKLOADS)}; all if left out")
    print("| fit | ours | scikit-learn | ratio | goal |\n|---|--:|--:|--:|--:|")
    for name in parser.parse_args().workloads or WORKLOADS:
        label, goal, (ours, theirs, ratio) = WORKLOADS[name]()
        print(
            f"| {label} | {1e3 * ours:.3g} ms | {1e3 * theirs:.3g} ms | {ratio:.2f} | {goal:g} |", flush=True
        )


if __name__ == "__main__":
    main()
