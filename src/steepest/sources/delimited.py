"""Delimited text, by pyarrow: one row a line, the names of the columns in the first."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from steepest.errors import InputError
from steepest.sources.arrow import kinds_of
from steepest.sources.base import File

BLOCK = 4 << 20
LONGEST_CELL = 40
LONGEST_LINE = 72
MISSING = ("NA", "N/A", "n/a", "NULL", "null", "#N/A")


class Csv(File):
    """Text with commas between the columns.

    Numbers are read as float64; a column of whole numbers beyond 2^53 keeps them whole.
    """

    delimiter = ","

    kinds: Mapping[str, str] = {}

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        with self._open({}) as reader:
            self.kinds = kinds_of(reader.schema, self.label)
            first = next(iter(reader), None)
        self._whole = (
            set() if first is None else {name for name in self.kinds if _is_huge(first.column(name))}
        )

    def batches(
        self, names: Sequence[str], order: Sequence[int] | None = None, text: Sequence[str] = ()
    ) -> Iterator[Any]:
        import pyarrow as pa

        if order is not None:
            raise InputError(self.label, "text has no pieces to reorder", "Read it in its own order")
        kinds = {"number": pa.float64(), "boolean": pa.bool_()}
        types = {name: kinds[kind] for name, kind in self.kinds.items() if kind in kinds}
        types |= dict.fromkeys(self._whole, pa.int64()) | dict.fromkeys(text, pa.string())
        with self._open(types, names) as reader:
            try:
                yield from reader
            except pa.ArrowInvalid as error:
                raise self._explained(error, [name for name in names if name not in text]) from error

    def place(self, row: int) -> str:
        for number, (line, _) in enumerate(self._lines()):
            if number == row + 1:
                return f"line {line}"
        return f"row {row}"

    def excerpt(self, name: str) -> tuple[str, ...]:
        with self.path.open(encoding="utf-8-sig", errors="replace", newline="") as lines:
            header = lines.readline().rstrip("\r\n")
        edge = re.escape(self.delimiter)
        found = re.search(rf'(?:^|{edge})("?{re.escape(name)}"?)(?={edge}|$)', header)
        return () if found is None or len(header) > LONGEST_LINE else _marked(1, header, *found.span(1))

    def witness(self, name: str) -> tuple[str, ...]:
        lines = self._lines()
        _, header = next(lines)
        j = header.index(name)
        for line, cells in lines:
            if len(cells) == len(header) and not _is_number(cells[j]):
                shown, start = self.delimiter.join(cells), sum(len(cell) + 1 for cell in cells[:j])
                return () if len(shown) > LONGEST_LINE else _marked(line, shown, start, start + len(cells[j]))
        return ()

    def _open(self, types: Mapping[str, Any], names: Sequence[str] | None = None) -> Any:
        import pyarrow as pa
        import pyarrow.csv

        try:
            reader = pyarrow.csv.open_csv(
                pa.input_stream(str(self.path)),
                read_options=pyarrow.csv.ReadOptions(block_size=BLOCK),
                parse_options=pyarrow.csv.ParseOptions(delimiter=self.delimiter, newlines_in_values=True),
                convert_options=pyarrow.csv.ConvertOptions(column_types=types, include_columns=names),
            )
            _ = reader.schema.names
        except pa.ArrowInvalid as error:
            raise self._explained(error, names or ()) from error
        except UnicodeDecodeError as error:
            raise InputError(
                f"{self.label}, line 1", "the header is not UTF-8", "Save the file as UTF-8", code="bad-file"
            ) from error
        return reader

    def _lines(self) -> Iterator[tuple[int, list[str]]]:
        """Yield every line that is not empty, with its number from 1."""
        with self.path.open(encoding="utf-8-sig", errors="replace", newline="") as lines:
            reader = csv.reader(lines, delimiter=self.delimiter)
            try:
                for cells in reader:
                    if cells:
                        yield reader.line_num, cells
            except csv.Error as error:
                raise InputError(
                    f"{self.label}, line {reader.line_num}",
                    f"cannot be split into fields ({error})",
                    "Look for a quote that is not closed",
                    code="bad-file",
                ) from error

    def _explained(self, error: Exception, names: Sequence[str]) -> InputError:
        """Find the line that the reader could not take, and say what is wrong with it."""
        lines = self._lines()
        _, header = next(lines, (1, []))
        wanted = [j for j, name in enumerate(header) if name in names]
        for line, cells in lines:
            where = f"{self.label}, line {line}"
            if len(cells) != len(header):
                fix = "Mend this line, or quote what holds a separator"
                return InputError(
                    where, f"expected {len(header)} fields, got {len(cells)}", fix, code="bad-file"
                )
            for j in wanted:
                if not _is_number(cells[j], self.kinds.get(header[j]) == "boolean"):
                    return InputError(
                        f"{where}, column {header[j]!r}",
                        f'"{cells[j][:LONGEST_CELL]}" is not a number',
                        f'Clean this column, or leave it out: exclude=["{header[j]}"]',
                        code="not-a-number",
                    )
        return InputError(
            self.label, f"cannot be read as columns ({error})", "Check the file", code="bad-file"
        )


class Tsv(Csv):
    """Text with tabs between the columns."""

    delimiter = "\t"


def _is_huge(values: Any) -> bool:
    """Return whether an Arrow array holds whole numbers that float64 would round."""
    if str(values.type) != "int64" or values.null_count:
        return False
    numbers = np.from_dlpack(values)
    return bool(len(numbers)) and max(-int(numbers.min()), int(numbers.max())) > 2**53


def _is_number(cell: str, boolean: bool = False) -> bool:
    if boolean:
        return cell.lower() in ("", "0", "1", "true", "false") or cell in MISSING
    try:
        float(cell or "nan")
    except ValueError:
        return cell in MISSING
    return True


def _marked(number: int, line: str, start: int, stop: int) -> tuple[str, str]:
    """Return a line of a file, and carets below a part of it."""
    return (f"{number:4d} | {line}", f"     | {' ' * start}{'^' * max(stop - start, 1)}")
