"""A medium that fails for a moment, as network file systems do: what failed is tried again, where it was."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import re
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

Item = TypeVar("Item")

PASSING = {errno.EIO, errno.ESTALE, errno.ETIMEDOUT}
"""Errors of a medium that may be back in a moment."""

WAITS = 0.1, 0.4, 1.6
"""Seconds before it is tried again, and again."""


def again(path: object, start: Callable[[], Iterable[Item]]) -> Iterator[Item]:
    """Yield what `start()` yields; when the medium fails, start again and go on where it failed.

    Parameters
    ----------
    path : path
        What messages call the file.
    start : callable
        Opens the file, and returns the same items every time.

    Raises
    ------
    OSError
        If the system fails and does not recover: with its number, and naming the file.
    """
    done, waits = 0, iter(WAITS)
    while True:
        try:
            for item in islice(start(), done, None):
                yield item
                done, waits = done + 1, iter(WAITS)
            return
        except Exception as error:
            number = failure(error)
            if number is None:
                raise
            wait = next(waits, None) if number in PASSING else None
            if wait is None:
                raise OSError(number, os.strerror(number), str(path)) from error
        time.sleep(wait)


def steadily(path: object, task: Callable[[], Item]) -> Item:
    """Return what `task()` returns; see `again`."""
    return next(again(path, lambda: iter([task()])))


def failure(error: Exception) -> int | None:
    """Return the number of the system's error, None if it is the file that cannot be read.

    Arrow may tell the number in its words alone. Where a file is damaged, it raises `OSError` without one, or
    asks for a place that no file has.
    """
    told = re.search(r"\[errno (\d+)\]", str(error))
    number = int(told[1]) if told else getattr(error, "errno", None)
    return None if number == errno.EINVAL else number


class Steady(io.RawIOBase):
    """The bytes of a file; after a failure it is opened again, and read from where it was."""

    def __init__(self, path: Path) -> None:
        self._path, self._at = path, 0
        self._file: Any = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        return steadily(self._path, partial(self._read, buffer))

    def close(self) -> None:
        self._leave()
        super().close()

    def _read(self, buffer: Any) -> int:
        try:
            if self._file is None:
                self._file = self._path.open("rb", buffering=0)
                self._file.seek(self._at)
            size = self._file.readinto(buffer)
        except OSError:
            self._leave()
            raise
        self._at += size
        return size

    def _leave(self) -> None:
        """Close the file until it is read again; what fails in closing cannot matter to a reader."""
        file, self._file = self._file, None
        if file is not None:
            with contextlib.suppress(OSError):
                file.close()
