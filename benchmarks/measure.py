"""One rival on one workload, in this process: prints seconds, memory and the error of the answer as JSON.

python -m benchmarks.measure FOLDER WORKLOAD SCALE RIVAL
"""

import json
import re
import resource
import statistics
import sys
import time
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

import numpy as np

from benchmarks.data import Data
from benchmarks.rival import Answer

ENOUGH = 0.5
"""Seconds for which fits are repeated."""

LONG = 10.0
"""Seconds after which they are not, even if they are few."""

FEW = 3


def timed(fit):
    """Return the answer of fits, and their seconds; the first one only warms up, unless it was long."""
    first, result = clocked(fit)
    seconds = [first] if first > LONG else []
    while sum(seconds) < ENOUGH or (len(seconds) < FEW and sum(seconds) < LONG):
        seconds.append(clocked(fit)[0])
    return result, seconds


def clocked(fit):
    start = time.perf_counter()
    result = fit()
    return time.perf_counter() - start, result


class Memory:
    """The most memory that this process takes beyond what it has now, or a process that it starts takes."""

    def __init__(self):
        with suppress(OSError):
            Path("/proc/self/clear_refs").write_text("5")  # the peak is now what there is
        self.before = self._peak()

    def megabytes(self):
        children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        return max(self._peak() - self.before, children)

    def _peak(self):
        try:
            status = Path("/proc/self/status").read_text()
        except OSError:
            return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024


def error(answer, exact):
    """Return the largest relative error of intercept and coefficients; of zeros, relative to the largest."""
    found, size = np.array([answer.intercept, *answer.coef], dtype=float), np.abs(exact)
    return float(np.max(np.abs(found - exact) / np.where(size > 0, size, size.max())))


def measure(folder, name, scale, rival):
    """Return what was measured, as a document."""
    data = Data(folder, name, scale)
    chosen = data.workload.rivals[rival]
    fit = chosen.prepare(*data.load())
    memory = Memory()
    result, seconds = timed(fit)
    megabytes = memory.megabytes()
    if isinstance(result, int) and result != data.rows:
        raise ValueError(f"{result} rows were read, not {data.rows}")
    fitted = isinstance(result, Answer)
    return {
        "seconds": statistics.median(seconds),
        "fits": len(seconds),
        "megabytes": megabytes,
        "error": error(result, data.exact()) if fitted else None,
        "se": fitted and result.se is not None,
        "versions": {package: version(package) for package in chosen.packages},
    }


if __name__ == "__main__":
    folder, name, scale, rival = sys.argv[1:]
    print(json.dumps(measure(folder, name, float(scale), rival)))
