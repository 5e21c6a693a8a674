"""Files by the ending of their names."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from steepest.errors import InputError
from steepest.sources.delimited import Csv, Tsv
from steepest.sources.parquet import Parquet

FORMATS: dict[str, type[Csv] | type[Parquet]] = {
    ".csv": Csv,
    ".txt": Csv,
    ".tsv": Tsv,
    ".parquet": Parquet,
    ".pq": Parquet,
}
"""The file formats by the ending of the name: the only registry."""


def recognise(data: Any) -> Csv | Parquet | None:
    """Return the table in the file that `data` names, or None if it is no path.

    Raises
    ------
    InputError
        If the file is empty, damaged or of an unknown format.
    OSError
        If there is no such file, or it cannot be read.
    """
    if not isinstance(data, str | os.PathLike):
        return None
    path = Path(os.fspath(data))
    file_format = FORMATS.get(path.suffix.lower())
    if not path.exists():
        raise FileNotFoundError(f"no such file: {path}")
    if file_format is None and not path.is_dir():
        raise InputError(
            path.name,
            f'unknown kind of file "{path.suffix}"',
            f"Name a file that ends in {', '.join(FORMATS)}",
            code="unknown-format",
        )
    return (file_format or Csv)(path)
