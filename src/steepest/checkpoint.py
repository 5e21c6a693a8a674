"""The checkpoint: what a pass over the data has gathered so far, so that it can be taken up again.

A sealed JSON document that holds the sums of a `Tree` to the last bit, and a description of the run. It is
written whole or not at all, now and then, and belongs to one run at a time: a lock dies with its process.
"""

from __future__ import annotations

import base64
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from steepest import plain
from steepest.chunk import Counts
from steepest.engines.tree import Tree
from steepest.errors import CheckpointError
from steepest.moments import Moments
from steepest.sealed import Sealed
from steepest.whole import part_of

CHECKPOINT = Sealed(
    "checkpoint", "checkpoint", 1, CheckpointError, "Name another file, or fit from the beginning"
)

SECONDS = 1.0
SHARE = 50
"""Seconds between two checkpoints, or so many times what writing one takes."""

Run = Mapping[str, Any]
"""What a run does, by name: the data, the columns and the parameters on which its sums depend."""


class Checkpoint:
    """The checkpoint of one run; a context, in which the file is locked.

    Parameters
    ----------
    path : path
    run : mapping of str to plain values
        A checkpoint of another run is refused, naming every difference.
    most : int
        Groups of pieces that are kept apart.
    resume : bool
        Whether to go on from the file, if there is one.
    say : callable
        Told once if the file cannot be written; the fit goes on.

    Raises
    ------
    CheckpointError
        If another process uses the file, there is one and `resume` is false, or it belongs to another run.
    OSError
        If the file cannot be written.
    """

    def __init__(
        self, path: str | os.PathLike[str], run: Run, *, most: int, resume: bool, say: Callable[[str], None]
    ) -> None:
        self.path = Path(path)
        self.tree = Tree(most)
        self._run, self._resume, self._say = run, resume, say
        self._written, self._took, self._failed = time.monotonic(), 0.0, False
        self._lock: int | None = None

    def __enter__(self) -> Self:
        self._lock = _locked(self._lock_path)
        try:
            for left in self.path.parent.glob(f"{part_of(self.path)}*"):  # by a process that was killed
                left.unlink(missing_ok=True)
            if self.path.exists():
                self._take_up()
            else:
                self.save()
        except BaseException:
            self._release()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self.path.unlink(missing_ok=True)
        except OSError as problem:
            self._say(f"note: the checkpoint stays: {problem.strerror}: {self.path}")
        finally:
            self._release()

    def __call__(self, tree: Tree) -> None:
        """Write the file if it is time to; a pass calls this after every piece."""
        self.tree = tree
        if time.monotonic() - self._written < max(SECONDS, SHARE * self._took):
            return
        self.keep()

    def keep(self) -> None:
        """Write the file, or say once that it cannot be written."""
        try:
            self.save()
        except OSError as error:
            if not self._failed:
                self._say(f"note: no checkpoint: {error.strerror}: {self.path}; the fit goes on")
            self._failed, self._written = True, time.monotonic()

    def save(self) -> None:
        """Write the file."""
        started = time.monotonic()
        CHECKPOINT.save({"run": dict(self._run), "tree": _tree_to(self.tree)}, self.path)
        self._written = time.monotonic()
        self._took = self._written - started

    def _take_up(self) -> None:
        document, label = CHECKPOINT.load(self.path)
        if not self._resume:
            what = "is there already: an earlier run left it"
            raise CheckpointError(self.path.name, what, "Go on with --resume, or delete it")
        try:
            run, tree = dict(document["run"]), _tree_from(document["tree"])
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise CHECKPOINT.not_understood(label, error) from error
        names = sorted({*run, *self._run})
        unlike = [name for name in names if run.get(name) != self._run.get(name)]
        if unlike:
            told = "; ".join(
                f"{name}: {run.get(name)!r} then, {self._run.get(name)!r} now" for name in unlike
            )
            fix = "Run what it was written for, or name another file"
            raise CheckpointError(label, f"belongs to another run ({told})", fix)
        self.tree = tree

    @property
    def _lock_path(self) -> Path:
        return self.path.with_name(self.path.name + ".lock")

    def _release(self) -> None:
        if self._lock is not None:
            self._lock_path.unlink(missing_ok=True)
            os.close(self._lock)
            self._lock = None


def _locked(path: Path) -> int:
    """Return an open file that no other process has locked; the lock ends with the process."""
    import fcntl

    lock = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        owner = os.read(lock, 200).decode(errors="replace") or "another process"
        os.close(lock)
        name = path.name.removesuffix(".lock")
        raise CheckpointError(name, f"is in use by {owner}", "Wait for it, or name another file") from error
    try:
        same = os.fstat(lock).st_ino == path.stat().st_ino
    except FileNotFoundError:
        same = False
    if not same:  # its owner has just removed it
        os.close(lock)
        return _locked(path)
    os.ftruncate(lock, 0)
    os.write(lock, f"process {os.getpid()}, started {time.strftime('%H:%M:%S')}".encode())
    return lock


def _tree_to(tree: Tree) -> dict[str, Any]:
    nodes = [[size, _moments_to(moments), _counts_to(counts)] for size, (moments, counts) in tree.nodes]
    return {"most": tree.most, "span": tree.span, "rows": tree.rows, "nodes": nodes}


def _tree_from(document: Any) -> Tree:
    nodes = [(plain.count(size), (_moments_from(m), _counts_from(c))) for size, m, c in document["nodes"]]
    most, span, rows = (plain.count(document[name]) for name in ("most", "span", "rows"))
    sizes = [size for size, _ in nodes]
    if sizes != sorted(sizes, reverse=True) or any(
        size & (size - 1) or not 0 < size <= span for size in sizes
    ):
        raise ValueError("sums of pieces that cannot be")
    return Tree(most, span, nodes, rows)


ARRAYS = ("mean", "mean_low", "minimum", "maximum", "unit", "scatter")
COUNTED = ("rows", "dropped", "roundings")
MEASURED = ("weight", "sum_log_weight", "weight_unit", "digits")


def _moments_to(m: Moments) -> dict[str, Any]:
    arrays = {name: base64.b64encode(getattr(m, name).astype("<f8").tobytes()).decode() for name in ARRAYS}
    numbers = {name: getattr(m, name) for name in (*COUNTED, *MEASURED)}
    return {"names": list(m.names), **numbers, **arrays}


def _moments_from(document: Any) -> Moments:
    names, k = tuple(document["names"]), len(document["names"])
    fields: dict[str, Any] = {name: plain.count(document[name]) for name in COUNTED}
    fields |= {name: plain.number(document[name]) for name in MEASURED}
    for name in ARRAYS:
        shape = (k, k) if name == "scatter" else (k,)
        fields[name] = np.frombuffer(base64.b64decode(document[name]), "<f8").astype(float).reshape(shape)
    return Moments(names=names, **fields)


def _counts_to(counts: Counts) -> dict[str, Any]:
    return {"read": counts.read, "used": counts.used, "dropped": dict(counts.dropped)}


def _counts_from(document: Any) -> Counts:
    dropped = {plain.text(cause): plain.count(rows) for cause, rows in document["dropped"].items()}
    return Counts(plain.count(document["read"]), plain.count(document["used"]), dropped)
