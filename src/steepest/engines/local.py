"""On this machine: pieces are read and folded in as many threads as there are cores."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from itertools import chain, islice
from typing import Any, Protocol

from steepest.chunk import Chunk, Piece
from steepest.engines.tree import Tree, Values
from steepest.sources.base import Source
from steepest.threads import alone, cores

AHEAD = 2
"""Pieces that wait beside those that threads work on."""


class Fold(Protocol):
    """Anything with `of(chunk)`, whose results add."""

    def of(self, rows: Chunk, /) -> Any: ...


Watch = Callable[[Tree], object]
"""Called after every piece with all that was folded so far; ends the pass by returning True."""


def fold(source: Source, *folds: Any, watch: Watch | None = None, tree: Tree | None = None) -> Values:
    """Read a source once and return the sum of every fold over its chunks.

    Pieces are merged in a fixed tree, whatever the number of threads: the same pieces give the same bits.
    Reading overlaps with folding, and no more than a few pieces are in memory.

    Parameters
    ----------
    source : Source
    *folds : Fold
        Several accumulators share the one pass.
    watch : callable, optional
        See `Watch`.
    tree : Tree, optional
        The sums of the first pieces, which are not read again.
    """
    tree = tree or Tree()
    pieces = islice(source.pieces(), tree.pieces, None)
    first = list(islice(pieces, 2))
    if not first and not tree.nodes:
        first = [lambda: iter(())]
    work = _Work(source.names, folds)
    results = map(work, first) if len(first) < 2 else _threaded(work, chain(first, pieces))
    for rows, values in results:
        tree.add(values, rows)
        if watch is not None and watch(tree) is True:
            break
    return tree.total()


class _Work:
    """What is done with a piece, in any thread; it can be called off."""

    def __init__(self, names: tuple[str, ...], folds: tuple[Any, ...]) -> None:
        self._names, self._folds = names, folds
        self.off = False

    def __call__(self, piece: Piece) -> tuple[int, Values]:
        """Return the number of rows of a piece, and the sums over its chunks."""
        tree = Tree()
        for chunk in piece():
            if self.off:
                break
            tree.add(self._of(chunk), chunk.read)
        return (tree.rows, tree.total()) if tree.nodes else (0, self._of(Chunk((), self._names)))

    def _of(self, chunk: Chunk) -> Values:
        return tuple(each.of(chunk) for each in self._folds)


def _threaded(work: _Work, pieces: Iterator[Piece]) -> Iterator[tuple[int, Values]]:
    """Work on pieces in threads, a few ahead of the merging, each with one thread of BLAS."""
    from concurrent.futures import Future, ThreadPoolExecutor

    threads = cores()
    waiting: deque[Future[tuple[int, Values]]] = deque()
    with alone(), ThreadPoolExecutor(threads) as pool:
        try:
            for piece in pieces:
                waiting.append(pool.submit(work, piece))
                if len(waiting) >= threads + AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            work.off = True
            pool.shutdown(wait=False, cancel_futures=True)
