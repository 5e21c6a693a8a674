"""What ``steepest fit`` shows while it reads: a block that is redrawn, lines, or JSON, on stderr."""

from __future__ import annotations

import json
import sys
from collections import deque
from typing import TYPE_CHECKING, Any, Self

from steepest.anytime import standing
from steepest.moments import Moments
from steepest.progress import LINE_SECONDS, QUIET_SECONDS, Progress, tell
from steepest.report.live import Block, Tick

if TYPE_CHECKING:
    from steepest.engines.tree import Tree
    from steepest.sources.base import Selection

REDRAW, JSON_SECONDS = 0.1, 1.0
LATELY = 3.0
"""Seconds over which the speed is shown."""

SETTLED = 1.0
"""Seconds from which on the average speed says how long it takes."""

COST = 20
"""A look at the estimates is worth so many times the time that it takes."""


class Live(Progress):
    """Progress that knows the estimates.

    Parameters
    ----------
    source : Selection
    intercept : bool
    mode : {"auto", "bar", "plain", "json", "off"}
        ``"auto"`` is a bar on a terminal, and lines elsewhere.
    """

    def __init__(self, source: Selection, *, intercept: bool, mode: str) -> None:
        super().__init__(source.table.label)
        self._rows, self._shuffled, self._intercept = source.rows, source.shuffled, intercept
        self._mode = mode if mode != "auto" else "bar" if sys.stderr.isatty() else "plain"
        self._block = Block("utf" in (sys.stderr.encoding or "").lower())
        self._marks = deque[tuple[float, int]]()
        self._settled: tuple[float, int] | None = None
        self.tree: Tree | None = None

    def __enter__(self) -> Self:
        super().__enter__()
        self._next = self._started + {"bar": REDRAW, "json": JSON_SECONDS}.get(self._mode, QUIET_SECONDS)
        return self

    def __call__(self, tree: Tree) -> None:
        """Show where a pass is, if it is time to."""
        now, self.tree = self._clock(), tree
        if self._marks and tree.rows < self._marks[-1][1]:  # another pass
            self._marks.clear()
            self._settled = None
        if self._settled is None and now - self._started >= SETTLED:
            self._settled = (now, tree.rows)
        self._marks.append((now, tree.rows))
        while self._marks[0][0] < now - LATELY:
            self._marks.popleft()
        if now >= self._next and self._mode != "off":
            self._show_tick(self.look(tree))
            pause = {"bar": REDRAW, "json": JSON_SECONDS, "plain": LINE_SECONDS}[self._mode]
            after = self._clock()
            self._next = after + max(pause, COST * (after - now))

    def step(self, steps: int, certificate: Any, *rest: Any) -> bool:
        """Show how far a descent is; what was read is history."""
        self.tree = None
        return self._mode == "plain" and super().step(steps, certificate, *rest)

    def look(self, tree: Tree) -> Tick:
        """Find out where a pass is."""
        share = tree.rows / self._rows if self._rows and self._shuffled else None
        gathered = [moments for moments, *_ in tree.groups() if isinstance(moments, Moments)]
        stands = standing(gathered, intercept=self._intercept, share=share) if gathered else None
        now = self._clock()
        then, before = self._marks[0] if self._marks else (now, tree.rows)
        return Tick(
            label=self._label,
            rows=tree.rows,
            of=self._rows,
            groups=len(gathered),
            most=tree.most,
            rate=(tree.rows - before) / max(now - then, 1e-9),
            left=self._left(tree.rows, now),
            shuffled=self._shuffled,
            standing=stands,
        )

    def block(self) -> list[str]:
        """Return the lines for where the last pass was left; none if nothing has been read."""
        read = self.tree is not None and self.tree.pieces
        return self._block.lines(self.look(self.tree)) if read and self.tree else []

    def _left(self, rows: int, now: float) -> float | None:
        if self._settled is None or not self._rows or rows <= self._settled[1]:
            return None
        rate = (rows - self._settled[1]) / (now - self._settled[0])
        return (self._rows - rows) / rate

    def _show_tick(self, tick: Tick) -> None:
        if self._mode == "json":
            tell(json.dumps(tick.to_dict(), allow_nan=False))
        elif self._mode == "bar":
            self._redraw("\n".join(self._block.lines(tick)))
        else:
            tell(tick.line())
