"""Sums over rows about an origin, compiled: what `steepest.shifted` does through BLAS, several times as fast.

The extension is optional: where there was no compiler it is missing, and all goes through BLAS. It reads
numbers of the machine, without second halves.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from steepest.shifted import Rows, Sums

try:
    import steepest._kernel as _kernel
except ImportError:
    _kernel = None

Array = NDArray[np.float64]

TARGETS: tuple[tuple[str, int], ...] = () if _kernel is None else tuple(_kernel.TARGETS)
"""Instruction sets that this machine has, with the numbers in a vector; the last one is used."""

KINDS = "?bhilqBHILQfd"
"""Types of numbers that the extension reads."""

target = len(TARGETS) - 1


def reads(rows: Rows) -> bool:
    """Return whether the extension is there, and reads these rows."""
    if target < 0 or rows.low:
        return False
    return all(
        block.dtype.char in KINDS and block.dtype.isnative and block.flags.aligned for _, block in rows.parts
    )


def sums(rows: Rows, origin: Array | None = None, unit: Array | None = None) -> Sums:
    """Return the sums of rows about an origin (k,), or a provisional one, divided by a unit (k,)."""
    assert _kernel is not None
    k, provisional = rows.k, origin is None
    origin = np.empty(k) if origin is None else origin
    total, least, most = np.zeros((k + 1, k + 1)), np.full(k, np.inf), np.full(k, -np.inf)
    w = None if rows.w is None else np.ascontiguousarray(rows.w)
    parts = tuple(block for _, block in rows.parts)
    _kernel.products(target, parts, w, unit, origin, provisional, total, least, most)
    return Sums(origin, total[0, 1:], total[1:, 1:], least, most, _in_sequence(rows.n))


def _in_sequence(n: int) -> int:
    assert _kernel is not None
    lanes = TARGETS[target][1]
    blocks = -(-n // _kernel.BLOCK)
    groups = blocks if blocks <= 2 * _kernel.GROUP else _kernel.GROUP + -(-blocks // _kernel.GROUP)
    return -(-min(n, _kernel.BLOCK) // lanes) + lanes + groups
