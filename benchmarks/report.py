"""A record of paired runs as a table."""

import statistics

ACCURATE = 1e-6
"""Largest error of coefficients beside which being faster is a goal."""

COLUMNS = [
    *("beside", "ours", "theirs", "ratio", "from .. to", "goal"),
    *("MB ours", "MB theirs", "error ours", "error theirs", "SE"),
]


def table(record):
    """Yield the lines of a page."""
    yield f"# {record['title']}\n"
    yield f"{record['rows']:,} rows, {record['pairs']} pairs; {record['cpu']}, {record['cores']} cores;"
    yield f"{record['date']}; " + ", ".join(f"{k} {v}" for k, v in sorted(record["versions"].items())) + "\n"
    yield line(COLUMNS)
    yield "|---" + "|--:" * (len(COLUMNS) - 1) + "|"
    beside = record["beside"]
    for name, measured in sorted(beside.items(), key=lambda item: item[1]["limit"]):
        if "pairs" in measured:
            yield row(f"limit: {name}" if measured["limit"] else name, measured)
    failed = [f"- {name}: {measured['failed']}" for name, measured in beside.items() if "failed" in measured]
    if failed:
        yield "\nNot measured:\n"
        yield from failed


def row(name, measured):
    """Return the line of a rival: medians, and the median and the range of the ratios of pairs."""
    ours, theirs = zip(*measured["pairs"], strict=True)
    spread = ratios(measured)
    goal = measured["goal"]
    if (median(theirs, "error") or 0) > ACCURATE:
        goal = None
    cells = [
        name,
        *(duration(median(side, "seconds")) for side in (ours, theirs)),
        f"{statistics.median(spread):.2f}",
        f"{min(spread):.2f} .. {max(spread):.2f}",
        "" if goal is None else f"{goal:.2f}",
        *(f"{median(side, 'megabytes'):.0f}" for side in (ours, theirs)),
        *(small(median(side, "error")) for side in (ours, theirs)),
        "yes" if theirs[0]["se"] else "",
    ]
    return line(cells)


def ratios(measured):
    """Return the times of pairs, ours over theirs."""
    return [ours["seconds"] / theirs["seconds"] for ours, theirs in measured["pairs"]]


def line(cells):
    return "| " + " | ".join(cells) + " |"


def median(side, key):
    values = [run[key] for run in side]
    return None if None in values else statistics.median(values)


def small(value):
    return "" if value is None else f"{value:.0e}" if value else "0"


def duration(seconds):
    for unit, size in {"s": 1, "ms": 1e-3}.items():
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e6:.3g} µs"
