"""How many threads BLAS works with."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from typing import Any

SMALL, LARGE = 64, 512
"""Matrices below the first size are not shared between threads; from the second on, that pays."""


def alone() -> AbstractContextManager[Any]:
    """Return a context in which BLAS works with one thread, for threads of ours to share the cores."""
    return _blas().limit(limits=1)


def alone_on(k: int) -> AbstractContextManager[Any]:
    """Return a context for work on (k, k) matrices: small ones are not worth waking threads.

    These would keep the cores busy for a while with waiting, and slow down what comes next.
    """
    return alone() if SMALL <= k < LARGE else nullcontext()


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@cache
def _blas() -> Any:
    """Return what sets the threads; looking for the libraries takes longer than many a fit."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController().select(user_api="blas")
