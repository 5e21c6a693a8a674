"""The exit codes of the command line: these alone."""

from __future__ import annotations

import click

from steepest.errors import CheckpointError, DivergenceError, ModelFileError, SteepestError

DONE = 0
BUG = 1
USAGE = 2
DATA = 3
RESOURCES = 4
NOT_CONVERGED = 5
MODEL_FILE = 6
INTERRUPTED = 130

CODES: dict[type[BaseException], int] = {
    KeyboardInterrupt: INTERRUPTED,
    click.Abort: INTERRUPTED,
    click.UsageError: USAGE,
    ModelFileError: MODEL_FILE,
    CheckpointError: MODEL_FILE,
    DivergenceError: NOT_CONVERGED,
    SteepestError: DATA,
    OSError: RESOURCES,
    MemoryError: RESOURCES,
}
"""Codes by kind of error, the special before the general."""


def exit_code(error: BaseException) -> int:
    """Return the documented exit code of an error; 1 if it is a bug of ours."""
    return next((code for kind, code in CODES.items() if isinstance(error, kind)), BUG)
