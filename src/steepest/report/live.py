"""What a pass over the data shows on its way, as text and as plain data."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from steepest.anytime import FEWEST, Standing
from steepest.report.layout import flush, on_point, printable, side_by_side

MOST_TERMS, LONGEST = 8, 20
MOST_DECIMALS = 8
BAR = 16
MARKS, MOST_WIDTHS = 10, 1000
"""Marks that show how a width shrank, and widths that are remembered."""

WIDER = 2.0
"""Times that intervals are wider than for rows in random order, from which the reader is told."""

BLOCKS = ("━", "─", "▁▂▃▄▅▆▇█", "±")
ASCII = ("=", "-", "._-~=+*#", "+-")
"""How a bar is filled and empty, how small and large widths look, and what intervals are called."""


@dataclass(frozen=True, slots=True)
class Tick:
    """Where a pass is.

    Attributes
    ----------
    label : str
    rows : int
    of : int or None
        All rows, if their number is known.
    groups, most : int
        Groups of pieces that are kept apart, and how many there may be.
    rate : float
        Rows a second, lately.
    left : float or None
        Seconds, if they can be told.
    shuffled : bool
        Whether the pieces come in random order.
    standing : Standing or None
    """

    label: str
    rows: int
    of: int | None
    groups: int
    most: int
    rate: float
    left: float | None
    shuffled: bool
    standing: Standing | None

    def line(self) -> str:
        """Return the whole in one line."""
        done = f"{self.rows:,} rows" if self.of is None else f"{self.rows:,} of {self.of:,} rows"
        left = "" if self.left is None else f", {_seconds(self.left)} left"
        return f"{printable(self.label, 60)}: {done}, {self.rate:,.0f} rows/s{left}"

    def to_dict(self) -> dict[str, Any]:
        """Return the whole as plain data."""
        stands = self.standing
        terms: list[dict[str, Any]] = []
        if stands is not None:
            blank = [None] * len(stands.names)
            reach, move = (blank if each is None else each.tolist() for each in (stands.reach, stands.move))
            columns = zip(stands.names, stands.estimate.tolist(), reach, move, strict=True)
            terms = [
                dict(zip(("name", "estimate", "half_width", "may_move"), each, strict=True))
                for each in columns
            ]
        left = None if self.left is None else round(self.left, 1)
        return {
            "rows": self.rows,
            "of": self.of,
            "rows_per_second": round(self.rate),
            "left": left,
            "terms": terms,
        }


@dataclass
class Block:
    """The lines that are redrawn; remembers how wide intervals were.

    Attributes
    ----------
    unicode : bool
        Whether the terminal shows more than ASCII.
    """

    unicode: bool = True
    _widths: list[dict[str, float]] = field(default_factory=list[dict[str, float]])

    def lines(self, tick: Tick) -> list[str]:
        """Return the lines for where a pass is."""
        full, empty, _, _ = BLOCKS if self.unicode else ASCII
        rate = f"{_short(tick.rate)} rows/s"
        if tick.of:
            share = min(tick.rows / tick.of, 1.0)
            bar = (full * round(BAR * share)).ljust(BAR, empty)
            left = "estimating" if tick.left is None else f"{_seconds(tick.left)} left"
            head = f"{bar} {share:4.0%}  {_short(tick.rows)} of {_short(tick.of)} rows  {rate}  {left}"
        else:
            head = f"{_short(tick.rows)} rows  {rate}"
        body = [] if tick.standing is None else self._table(tick.standing)
        return [printable(tick.label, 60), *(f"  {line}" for line in (head, *body, *_notes(tick)))]

    def _table(self, stands: Standing) -> list[str]:
        sign = (BLOCKS if self.unicode else ASCII)[3]
        shown = list(range(len(stands.names)))
        if stands.reach is None or stands.move is None:
            shown = shown[:MOST_TERMS]
            names = [printable(stands.names[j], LONGEST) for j in shown]
            columns = {"term": names, "estimate": on_point([f"{stands.estimate[j]:.5g}" for j in shown])}
        else:
            reach, move = stands.reach.tolist(), stands.move.tolist()
            self._widths.append(dict(zip(stands.names, reach, strict=True)))
            if len(self._widths) > MOST_WIDTHS:
                del self._widths[1::2]
            wide = sorted(shown, key=lambda j: -reach[j] / (abs(stands.estimate[j]) or 1e-300))[:MOST_TERMS]
            shown = sorted(wide)
            decimals = [max(1 - math.floor(math.log10(reach[j] or 1.0)), 0) for j in shown]
            columns = {
                "term": [printable(stands.names[j], LONGEST) for j in shown],
                "estimate": on_point(
                    [_estimate(stands.estimate[j], d) for j, d in zip(shown, decimals, strict=True)]
                ),
                f"95% {sign}": flush([f"{reach[j]:.2g}" for j in shown]),
                "may still move by": flush([f"{move[j]:.2g}" for j in shown]),
                "width over time": [self._history(stands.names[j]) for j in shown],
            }
        more = len(stands.names) - len(shown)
        rest = [f"+ {more} more"] if more else []
        return [*side_by_side(columns), *rest, f"sigma {stands.sigma:.4g}   R2 {stands.r2:.3f}"]

    def _history(self, name: str) -> str:
        """Return marks, one for every tenth of the looks so far, as high as the interval was wide."""
        widths = [each[name] for each in self._widths if name in each]
        marks = (BLOCKS if self.unicode else ASCII)[2]
        count = min(len(widths), MARKS)
        some = [widths[(at * (len(widths) - 1)) // max(count - 1, 1)] for at in range(count)]
        top = max(some, default=0.0) or 1.0
        return "".join(marks[min(int(len(marks) * each / top), len(marks) - 1)] for each in some)


def _notes(tick: Tick) -> list[str]:
    """Return why there are no intervals, or what is to be known about them."""
    if tick.standing is None and not tick.groups:
        return []
    if not tick.shuffled:
        return ["rows come in the order of the source: no intervals before the last"]
    if tick.most < FEWEST:
        return ["too many columns to keep groups of rows apart: no intervals before the last"]
    if tick.groups < FEWEST:
        return [f"warming up: {tick.groups} of {FEWEST} groups of rows"]
    stands = tick.standing
    if stands is not None and stands.ordered > WIDER:
        return [f"rows are ordered: intervals are widened {stands.ordered:.0f}x"]
    return []


def _estimate(value: float, decimals: int) -> str:
    """Return an estimate in the decimals that its interval leaves, or in five digits if they are many."""
    return f"{value:.{decimals}f}" if decimals <= MOST_DECIMALS and abs(value) < 1e9 else f"{value:.5g}"


def _short(number: float) -> str:
    """Return a number in three digits and a unit of thousands."""
    for size, unit in ((1e12, " T"), (1e9, " G"), (1e6, " M"), (1e3, " k")):
        if number >= 0.9995 * size:
            return f"{number / size:.3g}{unit}"
    return f"{number:.0f}"


def _seconds(seconds: float) -> str:
    whole = round(seconds)
    if whole < 120:
        return f"{whole} s"
    minutes = f"{whole // 60 % 60} min"
    return minutes if whole < 3600 else f"{whole // 3600} h {minutes}"
