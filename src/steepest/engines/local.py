"""On this machine: rows are decoded in one thread and folded in as many as there are cores."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any, Protocol

from steepest.chunk import Chunk
from steepest.sources.base import Source

WORTH_THREADS = 1e7
"""Multiplications in the first chunk from which a pool of threads pays."""


class Fold(Protocol):
    """Anything with `of(chunk)`, whose results add."""

    def of(self, rows: Chunk, /) -> Any: ...


def fold(source: Source, *folds: Any, watch: Callable[[Chunk], None] | None = None) -> tuple[Any, ...]:
    """Read a source once and return the sum of every fold over its chunks.

    Chunks are merged pairwise in a fixed tree, whatever the number of threads: the same chunks
    give the same bits.

    Parameters
    ----------
    source : Source
    *folds : Fold
        Several accumulators share the one pass.
    watch : callable, optional
        Called with every chunk that has been folded.
    """
    chunks = source.chunks()
    first = next(chunks, Chunk((), source.names))
    work = first.rows * len(source.names) ** 2
    results = _threaded(first, chunks, folds) if work > WORTH_THREADS else _serial(first, chunks, folds)
    tree = _Tree()
    for chunk, values in results:
        tree.add(values)
        if watch is not None:
            watch(chunk)
    return tree.total()


class _Tree:
    """Sums of tuples, merged like the digits of a binary counter: error and memory grow as log n."""

    def __init__(self) -> None:
        self._sums: list[tuple[int, tuple[Any, ...]]] = []

    def add(self, values: tuple[Any, ...]) -> None:
        size = 1
        while self._sums and self._sums[-1][0] == size:
            values = _sum(self._sums.pop()[1], values)
            size *= 2
        self._sums.append((size, values))

    def total(self) -> tuple[Any, ...]:
        total = self._sums[-1][1]
        for _, values in reversed(self._sums[:-1]):
            total = _sum(values, total)
        return total


def _sum(a: tuple[Any, ...], b: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(x + y for x, y in zip(a, b, strict=True))


def _folded(chunk: Chunk, folds: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(each.of(chunk) for each in folds)


def _serial(
    first: Chunk, rest: Iterator[Chunk], folds: tuple[Any, ...]
) -> Iterator[tuple[Chunk, tuple[Any, ...]]]:
    for chunk in chain((first,), rest):
        yield chunk, _folded(chunk, folds)


def _threaded(
    first: Chunk, rest: Iterator[Chunk], folds: tuple[Any, ...]
) -> Iterator[tuple[Chunk, tuple[Any, ...]]]:
    """Fold chunks in threads, a few ahead of the merging, each with one thread of BLAS."""
    from concurrent.futures import Future, ThreadPoolExecutor

    from threadpoolctl import threadpool_limits

    threads = os.cpu_count() or 1
    waiting: deque[tuple[Chunk, Future[tuple[Any, ...]]]] = deque()
    with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(threads) as pool:
        for chunk in chain((first,), rest):
            waiting.append((chunk, pool.submit(_folded, chunk, folds)))
            if len(waiting) > threads:
                done, future = waiting.popleft()
                yield done, future.result()
        while waiting:
            done, future = waiting.popleft()
            yield done, future.result()
