"""What can be read only once: standard input, and named pipes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, BinaryIO

from steepest.errors import InputError

LOOK = 3
"""Reads that can be repeated: enough to learn what the columns are."""


class Pipe:
    """A stream of bytes that is read once, but whose beginning can be looked at before.

    Parameters
    ----------
    opener : callable
        Returns a binary file; called when it is first read.
    name : str
    """

    def __init__(self, opener: Callable[[], BinaryIO], name: str) -> None:
        self.name = name
        self._stream: Callable[[], BinaryIO] = cache(opener)
        self._seen, self._spent = list[bytes](), False

    @contextmanager
    def open(self) -> Iterator[Any]:
        """Yield the stream from its beginning; refused once more than the beginning has been read."""
        if self._spent:
            raise InputError(self.name, "can be read only once", "Write it to a file first", code="once")
        yield _Reading(self)

    def read(self, number: int, size: int) -> bytes:
        """Return what the read of this number returns."""
        if number < len(self._seen):
            return self._seen[number]
        data = self._filled(size)
        if number < LOOK:
            self._seen.append(data)
        else:
            self._spent = True
        return data

    def _filled(self, size: int) -> bytes:
        """Return so many bytes, fewer only at the end: pipes deliver what they have at the moment."""
        stream, parts, missing = self._stream(), list[bytes](), size
        while missing and not stream.closed:
            part = stream.read(missing)
            parts.append(part)
            missing -= len(part)
            if not part:
                stream.close()
        return b"".join(parts)


class _Reading:
    def __init__(self, pipe: Pipe) -> None:
        self._pipe, self._reads = pipe, 0

    def read(self, size: int) -> bytes:
        self._reads += 1
        return self._pipe.read(self._reads - 1, size)
