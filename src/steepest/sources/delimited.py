"""Delimited text, by pyarrow: one row a line, the names of the columns in the first."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from steepest.codings import compute
from steepest.errors import InputError
from steepest.sources.arrow import refuse_twins
from steepest.sources.lines import (
    LONGEST,
    LONGEST_CELL,
    Block,
    Ends,
    Text,
    blocks,
    opened,
    outside_quotes,
    read,
)
from steepest.sources.reading import Reading

LONGEST_LINE = 72
BYTE_ORDER_MARK = b"\xef\xbb\xbf"

csv.field_size_limit(LONGEST)


class Csv(Text):
    """Text with one delimiter between the columns: the comma, or else what the first line shows."""

    delimiters = ",;\t|"

    def __init__(self, path: Path, reading: Reading) -> None:
        import pyarrow as pa

        super().__init__(path)
        self._reading, self._marks = reading, reading.missing[:1]
        self._header, self._above, self._delimiter = self._begin()
        self._ends = outside_quotes(self._delimiter)
        first = next(self.blocks(), Block(b"", 2))
        refuse_twins(self._header, self.label)
        try:
            self._learn(self._converted(first, {}, self._header, reading.missing))
        except pa.ArrowInvalid as error:
            raise self._explained(error, first, []) from error

    def blocks(self) -> Iterator[Block]:
        with opened(self.path) as stream:
            for block in blocks(stream, self.label, self._ends):
                first, above = block.line == 1, self._above
                yield Block(block.data[len(above) :], 1 + above.count(b"\n")) if first else block

    def parsed(self, block: Block, names: list[str], text: list[str]) -> Any:
        import pyarrow as pa

        types = self._types(text)
        floats = types | dict.fromkeys(self._whole, pa.float64())
        tries = [(types, self._marks), (types, self._reading.missing), (floats, self._reading.missing)]
        reason: Exception | None = None
        for kinds, marks in tries:
            try:
                table = self._converted(block, kinds, names, marks)
            except pa.ArrowInvalid as error:
                reason = error
            else:
                self._marks = marks
                return self._without_marks(table, text)
        raise self._explained(reason, block, [name for name in names if name not in text]) from reason

    def _without_marks(self, table: Any, text: list[str]) -> Any:
        """Return a table whose texts are missing where they were said to stand for that."""
        import pyarrow as pa

        pc, na = compute(), list(self._reading.na)
        for name in text if na else ():
            at, values = table.column_names.index(name), table.column(name)
            missing = pc.is_in(values, value_set=pa.array(na, pa.string()))
            table = table.set_column(at, name, pc.if_else(missing, None, values))
        return table

    def records(self, block: Block) -> Iterator[tuple[int, list[str]]]:
        reader = csv.reader(io.StringIO(block.text, newline=""), delimiter=self._delimiter)
        try:
            for cells in reader:
                if cells:
                    yield block.line + reader.line_num - 1, cells
        except csv.Error as error:
            where = f"{self.label}, line {block.line + reader.line_num - 1}"
            fix = "Look for a quote that is not closed"
            what = f"cannot be split into fields ({error})"
            raise InputError(where, what, fix, code="bad-file") from error

    def excerpt(self, name: str) -> tuple[str, ...]:
        header = self._delimiter.join(self._header)
        edge = re.escape(self._delimiter)
        found = re.search(rf"(?:^|{edge})({re.escape(name)})(?={edge}|$)", header)
        return () if found is None or len(header) > LONGEST_LINE else _marked(1, header, *found.span(1))

    def witness(self, name: str) -> tuple[str, ...]:
        found = self._first_text(name)
        if found is None:
            return ()
        line, cells = found
        j = self._header.index(name)
        shown, start = self._delimiter.join(cells), sum(len(cell) + 1 for cell in cells[:j])
        return () if len(shown) > LONGEST_LINE else _marked(line, shown, start, start + len(cells[j]))

    def remedy(self, name: str) -> str:
        found = self._first_text(name)
        return "" if found is None else self._reading.remedy(found[1][self._header.index(name)])

    def _begin(self) -> tuple[list[str], bytes, str]:
        """Return the names of the columns, the text down to them, and the delimiter."""
        with opened(self.path) as stream:
            head = read(stream, self.label)
        self._refuse_encodings(head)
        text = head.removeprefix(BYTE_ORDER_MARK).lstrip(b"\r\n")
        if not text:
            raise InputError(self.label, "the file is empty", "Choose a file with rows", code="empty-file")
        line = text[: (text.find(b"\n") + 1) or None]
        marks = [d for d in self.delimiters if d != self._reading.decimal]
        counts = {d: line.count(d.encode()) for d in marks}
        delimiter = marks[0] if counts[marks[0]] else max(marks, key=counts.__getitem__)
        end = _first_line(text, outside_quotes(delimiter))
        above = head[: len(head) - len(text) + end]
        return self._names(text[:end], delimiter), above, delimiter

    def _names(self, header: bytes, delimiter: str) -> list[str]:
        """Return the names of the columns, which the header holds."""
        try:
            lines = csv.reader(io.StringIO(header.decode(), newline=""), delimiter=delimiter)
            names, *more = filter(None, lines)
        except (csv.Error, UnicodeDecodeError) as error:
            what = "the header is not UTF-8" if isinstance(error, ValueError) else f"the header ({error})"
            fix = "Save the file as UTF-8"
            raise InputError(f"{self.label}, line 1", what, fix, code="bad-file") from error
        if more:
            what, fix = "lines end in a carriage return alone", "Save the file with line feeds"
            raise InputError(f"{self.label}, line 1", what, fix, code="bad-file")
        if all(self._reading.is_number(cell) and cell for cell in names):
            what = f"it looks like there is no header: {names[0]!r} is a number"
            fix = "Begin the file with the names of the columns"
            raise InputError(f"{self.label}, line 1", what, fix, code="no-header")
        return names

    def _refuse_encodings(self, head: bytes) -> None:
        nul, wide = head.find(b"\x00"), head.startswith((b"\xff\xfe", b"\xfe\xff"))
        if wide or nul >= 0:
            line = head.count(b"\n", 0, max(nul, 0)) + 1
            what = "is UTF-16, not UTF-8" if wide else f"holds a NUL, at byte {nul}: it is no plain text"
            raise InputError(f"{self.label}, line {line}", what, "Save the file as UTF-8", code="bad-file")

    def _converted(
        self, block: Block, types: Mapping[str, Any], names: list[str], marks: tuple[str, ...]
    ) -> Any:
        import pyarrow as pa
        import pyarrow.csv

        if not block.data.strip(b"\r\n"):
            return pa.table({name: pa.array([], types.get(name)) for name in names})
        return pyarrow.csv.read_csv(
            pa.BufferReader(block.data),
            pyarrow.csv.ReadOptions(
                use_threads=False, block_size=len(block.data) + 1, column_names=self._header
            ),
            pyarrow.csv.ParseOptions(delimiter=self._delimiter, newlines_in_values=True),
            pyarrow.csv.ConvertOptions(
                column_types=types,
                include_columns=names,
                null_values=marks,
                decimal_point=self._reading.decimal,
            ),
        )

    def _first_text(self, name: str) -> tuple[int, list[str]] | None:
        """Return the first row whose cell of a column is no number, with its line."""
        j = self._header.index(name)
        for block in self.blocks() if self.repeatable else islice(self.blocks(), 1):
            for line, cells in self.records(block):
                if len(cells) == len(self._header) and not self._reading.is_number(cells[j]):
                    return line, cells
        return None

    def _explained(self, error: Exception | None, block: Block, names: list[str]) -> InputError:
        """Find the line that the reader could not take, and say what is wrong with it."""
        wanted = [j for j, name in enumerate(self._header) if name in names]
        for line, cells in self.records(block):
            where = f"{self.label}, line {line}"
            if len(cells) != len(self._header):
                fix = "Mend this line, or quote what holds a separator"
                what = f"expected {len(self._header)} fields, got {len(cells)}"
                return InputError(where, what, fix, code="bad-file")
            for j in wanted:
                if not self._reading.is_number(cells[j], self.kinds.get(self._header[j]) == "boolean"):
                    fix = f'Clean this column, or leave it out: exclude=["{self._header[j]}"]'
                    return InputError(
                        f"{where}, column {self._header[j]!r}",
                        f'"{cells[j][:LONGEST_CELL]}" is not a number',
                        self._reading.remedy(cells[j]) or fix,
                        code="not-a-number",
                    )
            if "\N{REPLACEMENT CHARACTER}" in "".join(cells):
                return InputError(where, "is not UTF-8", "Save the file as UTF-8", code="bad-file")
        return InputError(
            self.label, f"cannot be read as columns ({error})", "Check the file", code="bad-file"
        )


class Tsv(Csv):
    """Text with tabs between the columns."""

    delimiters = "\t"


def _first_line(text: bytes, ends: Ends) -> int:
    """Return where the first line ends, outside quotes."""
    end = text.find(b"\n") + 1
    while end and ends(text[:end]) != end:
        end = text.find(b"\n", end) + 1
    return end or len(text)


def _marked(number: int, line: str, start: int, stop: int) -> tuple[str, str]:
    """Return a line of a file, and carets below a part of it."""
    return (f"{number:4d} | {line}", f"     | {' ' * start}{'^' * max(stop - start, 1)}")
