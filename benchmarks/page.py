"""Bring docs/benchmarks.md up to date with the saved results.

    python -m benchmarks.page

What stands between ``<!-- NAME -->`` and ``<!-- end -->`` is replaced: by the table of a workload, or, for
``summary``, by a line for every workload.
"""

import json
import re
import statistics
from pathlib import Path

from benchmarks.report import ACCURATE, duration, line, median, ratios, small, table
from benchmarks.workloads import WORKLOADS

ROOT = Path(__file__).parents[1]
PAGE, RESULTS = ROOT / "docs" / "benchmarks.md", ROOT / "benchmarks" / "results"
MARKED = re.compile(r"(<!-- (\S+) -->\n).*?(<!-- end -->)", re.DOTALL)

COLUMNS = ["fit", "ours", "fastest that is as right", "theirs", "ours over theirs", "ours over a limit"]


def page(text):
    """Return the page with the results as they are saved."""
    return MARKED.sub(lambda found: found[1] + "\n".join(part(found[2])) + "\n" + found[3], text)


def part(name):
    """Yield the lines that belong between two marks."""
    if name == "summary":
        yield line(COLUMNS)
        yield "|---|--:|---|--:|--:|---|"
        yield from (summary(record(each)) for each in WORKLOADS if saved(each).exists())
    else:
        _, facts, rows = "\n".join(table(record(name))).split("\n\n", 2)
        yield from (rows, "", facts.replace("\n", " "))


def saved(name):
    return RESULTS / f"{name}.json"


def record(name):
    return json.loads(saved(name).read_text())


def summary(record):
    """Return the line of a workload: ours beside the fastest accurate rival, and beside the limits."""
    measured = {name: each for name, each in record["beside"].items() if "pairs" in each}
    fits = {name: each for name, each in measured.items() if not each["limit"]}
    rivals = {name: each for name, each in fits.items() if accurate(each)} or fits
    name = min(rivals, key=lambda each: theirs(rivals[each]))
    ours = statistics.median(run["seconds"] for each in measured.values() for run, _ in each["pairs"])
    limits = [f"{name} {ratio(each):.2f}" for name, each in measured.items() if each["limit"]]
    best = rivals[name]
    named = name if accurate(best) else f"none; {name} with error {small(theirs(best, 'error'))}"
    cells = [record["title"], duration(ours), named, duration(theirs(best)), f"{ratio(best):.2f}"]
    return line([*cells, "; ".join(limits)])


def accurate(each):
    error = theirs(each, "error")
    return error is not None and error <= ACCURATE


def theirs(each, key="seconds"):
    return median([run for _, run in each["pairs"]], key)


def ratio(each):
    return statistics.median(ratios(each))


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text()))
