"""How much memory there is."""

from __future__ import annotations

import os
import sys


def available() -> int:
    """Return how many bytes this process may use: those of the machine, or of its limit."""
    known = [sys.maxsize]
    if hasattr(os, "sysconf"):
        known.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
        import resource

        known += [limit for limit in resource.getrlimit(resource.RLIMIT_AS)[:1] if limit > 0]
    return min(known)
