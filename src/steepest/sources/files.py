"""Files by the ending of their names: one, many, all that match a pattern, or all in a folder."""

from __future__ import annotations

import glob
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from steepest.columns import Table
from steepest.errors import InputError, choices
from steepest.sources.delimited import Csv, Tsv
from steepest.sources.ipc import Ipc
from steepest.sources.lines import COMPRESSED
from steepest.sources.ndjson import Ndjson
from steepest.sources.parquet import Parquet
from steepest.sources.pipe import Pipe
from steepest.sources.reading import Reading
from steepest.sources.several import Several

FORMATS: dict[str, Callable[[Any, Reading], Table]] = {
    "csv": Csv,
    "txt": Csv,
    "tsv": Tsv,
    "ndjson": Ndjson,
    "jsonl": Ndjson,
    "parquet": Parquet,
    "pq": Parquet,
    "arrow": Ipc,
    "feather": Ipc,
    "ipc": Ipc,
}
"""The file formats by the ending of the name: the only registry."""

STREAMED = ("csv", "tsv", "ndjson")
"""Formats that can be read once, from a pipe."""


def recognise(data: Any, reading: Reading) -> Table | None:
    """Return the table in the files that `data` names, or None if it is no path.

    Raises
    ------
    InputError
        If a file is empty, damaged or of an unknown format, or files have other columns.
    OSError
        If there is no such file, or it cannot be read.
    """
    given: list[Any] = list(data) if isinstance(data, list | tuple) else [data]
    if not given or not all(isinstance(each, str | os.PathLike) for each in given):
        return None
    names = [os.fspath(each) for each in given]
    if names == ["-"]:
        return _streamed(Pipe(lambda: sys.stdin.buffer, "standard input"), reading)
    paths = [path for name in names for path in _paths(name)]
    if len(paths) == 1:
        return _table(paths[0], reading)
    label = Path(names[0]).name if len(names) == 1 else f"{len(paths)} files"
    tables, folder = (
        [_table(path, reading) for path in paths],
        os.path.commonpath([path.parent for path in paths]),
    )
    for table, path in zip(tables, paths, strict=True):
        table.label = os.path.relpath(path, folder)
    return Several(label, tables)


def _paths(name: str) -> Iterator[Path]:
    """Yield the files that a path, a folder or a pattern stands for, in the order of their names."""
    path = Path(name)
    if path.is_dir():
        yield from _in_folder(path)
    elif path.exists() or not glob.has_magic(name):
        yield path
    else:
        found = sorted(glob.glob(name, recursive=True))
        if not found:
            raise FileNotFoundError(f"no file matches {name}")
        yield from (Path(each) for each in found if not Path(each).is_dir())


def _in_folder(folder: Path) -> list[Path]:
    """Return all files of known formats in a folder, but those that are hidden or begin with a line."""
    hidden = (".", "_")
    found = [
        path
        for path in sorted(folder.rglob("*"))
        if not any(part.startswith(hidden) for part in path.relative_to(folder).parts)
        and path.is_file()
        and _ending(path) in FORMATS
    ]
    if not found:
        raise FileNotFoundError(f"no {', '.join(FORMATS)} file in the folder {folder}")
    return found


def _table(path: Path, reading: Reading) -> Table:
    ending = _ending(path)
    if not path.exists():
        raise FileNotFoundError(f"no such file: {path}")
    if not path.is_file():
        written = replace(reading, format=ending) if ending in STREAMED else reading
        return _streamed(Pipe(partial(path.open, "rb", buffering=0), path.name), written)
    if ending not in FORMATS:
        fix = f"Name a file that ends in .{', .'.join(FORMATS)}"
        raise InputError(path.name, f'unknown kind of file "{path.suffix}"', fix, code="unknown-format")
    return FORMATS[ending](path, reading)


def _ending(path: Path) -> str:
    """Return the ending of a name in small letters, before that of a compressed text."""
    inner = path.with_suffix("") if path.suffix.lower() in COMPRESSED else path
    ending = inner.suffix.lower().removeprefix(".")
    return ending if inner is path or ending in ("csv", "txt", "tsv", "ndjson", "jsonl") else ""


def _streamed(pipe: Pipe, reading: Reading) -> Table:
    if reading.format not in STREAMED:
        what = f"cannot be read as {reading.format} from a pipe"
        fix = f"{choices(reading.format, STREAMED)}, or write it to a file first"
        raise InputError(pipe.name, what, fix, code="unknown-format")
    return FORMATS[reading.format](pipe, reading)
