"""Files, by pyarrow: CSV, TSV and Parquet, read in batches."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from steepest.errors import InputError
from steepest.sources.arrow import BATCH_ROWS, kinds_of

CSV_BLOCK = 4 << 20
LONGEST_CELL = 40


class File:
    """What all files have in common."""

    repeatable = True

    def __init__(self, path: Path) -> None:
        self.path = path
        self.label = path.name
        if path.is_dir():
            raise IsADirectoryError(f"{path} is a directory")
        if not path.stat().st_size:
            raise InputError(self.label, "the file is empty", "Choose a file with rows", code="empty-file")

    def fingerprint(self) -> object:
        status = self.path.stat()
        return (status.st_size, status.st_mtime_ns, status.st_ino)

    def place(self, row: int) -> str:
        return f"row {row}"

    def excerpt(self, name: str) -> tuple[str, ...]:
        return ()


class Csv(File):
    """Text with one row a line, the names of the columns in the first."""

    delimiter = ","

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        with self._open({}) as reader:
            schema = reader.schema
        self.kinds: Mapping[str, str] = kinds_of(schema, self.label)
        self._numbers = [name for name, kind in self.kinds.items() if kind == "number"]

    def batches(self, names: Sequence[str], order: Sequence[int] | None = None) -> Iterator[Any]:
        import pyarrow as pa

        if order is not None:
            raise InputError(self.label, "text has no pieces to reorder", "Read it in its own order")
        types = dict.fromkeys(self._numbers, pa.float64())
        with self._open(types, names) as reader:
            try:
                yield from reader
            except pa.ArrowInvalid as error:
                raise self._explained(error, names) from error

    def place(self, row: int) -> str:
        for number, (line, _) in enumerate(self._lines()):
            if number == row + 1:
                return f"line {line}"
        return f"row {row}"

    def excerpt(self, name: str) -> tuple[str, ...]:
        with self.path.open(encoding="utf-8", errors="replace", newline="") as text:
            header = text.readline().rstrip("\r\n").lstrip("\ufeff")
        at = header.find(name)
        if at < 0 or len(header) > 72:
            return ()
        return (f"   1 | {header}", f"     | {' ' * at}{'^' * len(name)}")

    def _open(self, types: Mapping[str, Any], names: Sequence[str] | None = None) -> Any:
        import pyarrow as pa
        import pyarrow.csv

        try:
            return pyarrow.csv.open_csv(
                pa.input_stream(str(self.path)),
                read_options=pyarrow.csv.ReadOptions(block_size=CSV_BLOCK),
                parse_options=pyarrow.csv.ParseOptions(delimiter=self.delimiter),
                convert_options=pyarrow.csv.ConvertOptions(column_types=types, include_columns=names),
            )
        except pa.ArrowInvalid as error:
            raise self._explained(error, names or ()) from error

    def _lines(self) -> Iterator[tuple[int, list[str]]]:
        """Yield every line that is not empty, with its number from 1."""
        with self.path.open(encoding="utf-8-sig", errors="replace", newline="") as text:
            reader = csv.reader(text, delimiter=self.delimiter)
            for cells in reader:
                if cells:
                    yield reader.line_num, cells

    def _explained(self, error: Exception, names: Sequence[str]) -> InputError:
        """Find the line that the reader could not take, and say what is wrong with it."""
        lines = self._lines()
        _, header = next(lines, (1, []))
        wanted = [
            j for j, name in enumerate(header) if name in names and name in getattr(self, "_numbers", ())
        ]
        for line, cells in lines:
            if len(cells) != len(header):
                return InputError(
                    f"{self.label}, line {line}",
                    f"expected {len(header)} fields, got {len(cells)}",
                    "Mend this line, or quote what holds a separator",
                    code="bad-file",
                )
            for j in wanted:
                if not _is_number(cells[j]):
                    return InputError(
                        f"{self.label}, line {line}, column {header[j]!r}",
                        f'"{cells[j][:LONGEST_CELL]}" is not a number',
                        f'Clean this column, or leave it out: exclude=["{header[j]}"]',
                        code="not-a-number",
                    )
        return InputError(
            self.label, f"cannot be read as text of columns ({error})", "Check the file", code="bad-file"
        )


class Tsv(Csv):
    """Text with tabs between the columns."""

    delimiter = "\t"


class Parquet(File):
    """Columns in row groups, which can be read in any order."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.kinds: Mapping[str, str] = kinds_of(self._open().schema_arrow, self.label)

    def batches(self, names: Sequence[str], order: Sequence[int] | None = None) -> Iterator[Any]:
        yield from self._open().iter_batches(BATCH_ROWS, row_groups=order, columns=list(names))

    def _open(self) -> Any:
        import pyarrow as pa
        import pyarrow.parquet

        try:
            return pyarrow.parquet.ParquetFile(self.path, pre_buffer=False)
        except pa.ArrowInvalid as error:
            raise InputError(
                self.label, f"is no intact Parquet file ({error})", "Check the file", code="bad-file"
            ) from error


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


def _is_number(cell: str) -> bool:
    try:
        float(cell or "nan")
    except ValueError:
        return cell in ("NA", "N/A", "n/a", "NULL", "null", "#N/A")
    return True
