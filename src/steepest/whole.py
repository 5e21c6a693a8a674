"""Files that are seen whole or not at all."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO


@contextmanager
def whole_file(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Yield a file that appears under its name when it is complete; before, the old one is there.

    What is no regular file (a device, a pipe) is written to as it is.

    Raises
    ------
    OSError
        If the file cannot be written, naming the path that was asked for.
    """
    target = Path(path).resolve()
    if target.exists() and not target.is_file():
        with target.open("wb") as file:
            yield file
        return
    part = target.with_name(f"{part_of(target)}{secrets.token_hex(8)}")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666), "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, target)
        _flushed(target.parent)
    except OSError as error:
        ours = error.errno is not None and (error.filename is None or str(error.filename) == str(part))
        if not ours:
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        part.unlink(missing_ok=True)


def part_of(target: Path) -> str:
    """Return how the names of unfinished files begin that are to become a file: short, whatever its name."""
    return f".steepest-{hashlib.sha256(os.fsencode(target.name)).hexdigest()[:16]}-"


def _flushed(folder: Path) -> None:
    """Have the system write the names in a folder, where it can: after a crash, the new file is there."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    with suppress(OSError):  # some network file systems know no such thing
        opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)
