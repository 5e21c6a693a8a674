"""Lines of JSON, by pyarrow: one object a line."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from steepest.errors import InputError
from steepest.sources.lines import LONGEST_CELL, Block, Text, blocks, last_line, opened
from steepest.sources.reading import Reading


class Ndjson(Text):
    """A file with one JSON object a line; the first lines show the columns."""

    def __init__(self, path: Path, reading: Reading) -> None:
        super().__init__(path)
        first = next(self.blocks(), None)
        if first is None:
            raise InputError(self.label, "the file is empty", "Choose a file with rows", code="empty-file")
        self._learn(self._converted(first, {}))

    def blocks(self) -> Iterator[Block]:
        with opened(self.path) as stream:
            yield from blocks(stream, self.label, last_line)

    def parsed(self, block: Block, names: list[str], text: list[str]) -> Any:
        types = {name: type_ for name, type_ in self._types([]).items() if name in names and name not in text}
        return self._converted(block, types, names)

    def records(self, block: Block) -> Iterator[tuple[int, list[str]]]:
        for number, line in enumerate(block.text.split("\n")):
            if line.strip():
                yield block.line + number, [line]

    def _converted(self, block: Block, types: Mapping[str, Any], names: list[str] | None = None) -> Any:
        import pyarrow as pa
        import pyarrow.json

        try:
            table = pyarrow.json.read_json(
                pa.BufferReader(block.data),
                pyarrow.json.ReadOptions(use_threads=False, block_size=len(block.data) + 1),
                pyarrow.json.ParseOptions(
                    explicit_schema=pa.schema(list(types.items())) if types else None,
                    unexpected_field_behavior="infer",
                ),
            )
        except pa.ArrowInvalid as error:
            raise self._explained(error, block, types) from error
        if table.num_rows != sum(1 for _ in self.records(block)):
            raise self._explained(ValueError("an object is not on a line of its own"), block, types)
        if names is None:
            return table
        lacking = [name for name in names if name not in table.column_names]
        for name in lacking:
            table = table.append_column(name, pa.nulls(table.num_rows))
        return table.select(names)

    def _explained(self, error: Exception, block: Block, types: Mapping[str, Any]) -> InputError:
        """Find the line that the reader could not take, and say what is wrong with it."""
        words = {"bool": "a truth value", "double": "a number", "int64": "a number"}
        kinds: dict[str, str | None] = {name: words[str(type_)] for name, type_ in types.items()}
        for line, (text,) in self.records(block):
            where = f"{self.label}, line {line}"
            try:
                row = json.loads(text)
            except ValueError as reason:
                return InputError(where, f"is no JSON ({reason})", "Mend this line", code="bad-file")
            if not isinstance(row, dict):
                return InputError(where, "is no JSON object", "Write one object a line", code="bad-file")
            for name, value in row.items():
                found = _word(value)
                known = kinds.get(name) or found
                if found not in (None, known):
                    what = f"{json.dumps(value)[:LONGEST_CELL]} is not {known}"
                    return InputError(
                        f"{where}, column {name!r}", what, "Clean this column", code="not-a-number"
                    )
                kinds[name] = known
        return InputError(self.label, f"cannot be read as rows ({error})", "Check the file", code="bad-file")


def _word(value: object) -> str | None:
    """Return what a JSON value is, for messages; None if it is missing."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "a truth value"
    return "a number" if isinstance(value, int | float) else "text" if isinstance(value, str) else "a value"
