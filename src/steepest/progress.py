"""Progress on stderr for anything over two seconds; silence for everything else."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

QUIET_SECONDS = 2.0
LINE_SECONDS = 10.0


def tell(text: str) -> None:
    """Print a line on stderr, if there is anybody to be told."""
    try:
        print(text, file=sys.stderr, flush=True)
    except (OSError, ValueError):
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115 - lives as long as the process


class Progress:
    """Counts rows and steps, and after two seconds says how many: live on a terminal, else now and then.

    Parameters
    ----------
    label : str
        What is being read.
    clock : callable
        Returns seconds.
    """

    def __init__(self, label: str = "data", clock: Callable[[], float] = time.monotonic) -> None:
        self._label, self._clock = "".join(c if c.isprintable() else "?" for c in label), clock
        self._started, self._next = 0.0, 0.0
        self._live: Any = None

    def __enter__(self) -> Self:
        self._started = self._clock()
        self._next = self._started + QUIET_SECONDS
        return self

    def __call__(self, tree: Any) -> None:
        """Note how far a pass is."""
        self.read(tree.rows)

    def read(self, rows: int) -> None:
        """Note how many rows have been read."""
        now = self._clock()
        if now >= self._next:
            rate = rows / max(now - self._started, 1e-9)
            self._show(f"{self._label}: {rows:,} rows, {rate:,.0f} rows/s", now)

    def step(self, steps: int, certificate: Any, *_: Any) -> bool:
        """Count a step of the descent; never asks for its end."""
        now = self._clock()
        if now >= self._next:
            unit = "SE" if certificate.unit == "se" else certificate.unit
            self._show(f"step {steps:,}: still {certificate.in_se:.2g} {unit} away", now)
        return False

    def penalty(self, done: int, total: int) -> None:
        """Note how many penalties of how many have been fitted."""
        now = self._clock()
        if now >= self._next:
            self._show(f"{done:,} of {total:,} penalties", now)

    def _show(self, text: str, now: float) -> None:
        if sys.stderr is not None and sys.stderr.isatty():
            self._redraw(text)
        else:
            self._next = now + LINE_SECONDS
            tell(text)

    def _redraw(self, text: str) -> None:
        if self._live is None:
            from rich.console import Console
            from rich.live import Live

            self._live = Live(console=Console(stderr=True), auto_refresh=False, transient=True)
            self._live.start()
        from rich.text import Text

        self._live.update(Text(text), refresh=True)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()
