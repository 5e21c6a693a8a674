"""How long a fit takes beside others, how much memory, and how right it is.

    python -m benchmarks.run FOLDER [WORKLOAD ...]

The data are made in FOLDER if they are not there, with their exact coefficients. Every run is a process of
its own: a fit to warm up, then fits for half a second. Runs are paired (ours, theirs, ours, theirs, ...).
Imports, and loading arrays or making frames of them, are not counted. Ours includes certificate and
standard errors, unless a title says otherwise. The tables give medians of times; the median and the range of
the ratios of the pairs, ours over theirs; the memory beyond that before the first fit; and the largest
relative error of a coefficient.
SE: theirs includes standard errors too.
"""

import argparse
import datetime
import json
import os
import platform
import re
import subprocess
import sys
from functools import partial
from pathlib import Path

from benchmarks.report import table
from benchmarks.rival import OURS
from benchmarks.workloads import WORKLOADS

ROOT = Path(__file__).parents[1]


class ProcessError(Exception):
    """A process did not end as it should."""


def process(*command, timeout=None):
    """Return the last line that a module of ours prints."""
    run = [sys.executable, "-m", *map(str, command)]
    try:
        done = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, timeout=timeout)
    except subprocess.TimeoutExpired:
        raise ProcessError(f"takes longer than {timeout:g} s") from None
    if done.returncode < 0:
        raise ProcessError(f"killed by signal {-done.returncode}")
    if done.returncode:
        reason = "".join(done.stderr.strip().splitlines()[-1:])
        raise ProcessError(reason.replace("ModuleNotFoundError: ", "not installed: "))
    return done.stdout.strip().rpartition("\n")[2]


def compare(name, folder, asked):
    """Return the record of a workload."""
    workload, started = WORKLOADS[name], datetime.date.today()
    tell(f"{name}: data")
    process("benchmarks.data", folder, name, asked.rows_scale)
    measure = partial(process, "benchmarks.measure", folder, name, asked.rows_scale)
    beside = {}
    for rival, way in workload.beside().items():
        if any(text in rival for text in asked.beside):
            tell(f"{name}: {rival}")
            found = pairs(measure, rival, asked.pairs, asked.timeout)
            beside[rival] = {"limit": way.limit, "goal": workload.goals.get(rival), **found}
    runs = [run for each in beside.values() for pair in each.get("pairs", ()) for run in pair]
    return {
        "title": workload.title,
        "rows": workload.scaled(asked.rows_scale),
        "pairs": asked.pairs,
        "date": started.isoformat(),
        "cpu": processor(),
        "cores": os.cpu_count(),
        "versions": {package: number for run in runs for package, number in run["versions"].items()},
        "beside": beside,
    }


def pairs(measure, rival, count, timeout):
    """Return what pairs of runs measured, ours first, or why theirs failed."""
    measured = []
    for _ in range(count):
        ours = json.loads(measure(OURS))
        try:
            theirs = json.loads(measure(rival, timeout=timeout))
        except ProcessError as failure:
            return {"failed": str(failure)}
        measured.append((ours, theirs))
    return {"pairs": measured}


def processor():
    try:
        return re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())[1]
    except (OSError, TypeError):
        return platform.processor()


def tell(progress):
    print(progress, file=sys.stderr, flush=True)


def main(arguments=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="of the data")
    parser.add_argument("workloads", nargs="*", help=f"{', '.join(WORKLOADS)}; all if left out")
    parser.add_argument(
        "--beside", nargs="+", default=[""], help="only rivals with one of these in their name"
    )
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--rows-scale", type=float, default=1.0, help="share of the rows, to try it out")
    parser.add_argument("--timeout", type=float, default=120.0, help="seconds for a process of a rival")
    parser.add_argument("--results", type=Path, default=ROOT / "benchmarks" / "results")
    asked = parser.parse_intermixed_args(arguments)
    asked.results.mkdir(parents=True, exist_ok=True)
    for name in asked.workloads or WORKLOADS:
        record = compare(name, asked.folder.resolve(), asked)
        page = "\n".join(table(record))
        (asked.results / f"{name}.json").write_text(json.dumps(record, indent=1) + "\n")
        (asked.results / f"{name}.md").write_text(page + "\n")
        print(page + "\n", flush=True)


if __name__ == "__main__":
    main()
