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
        self._learn(self._converted(next(self.blocks()), {}))

    def blocks(self) -> Iterator[Block]:
        with opened(self.path) as stream:
            yield from blocks(stream, self.label, last_line)

    def parsed(self, block: Block, names: list[str], text: list[str]) -> Any:
        types = self._types(text)
        return self._converted(block, {name: types[name] for name in names if name in types}).select(names)

    def records(self, block: Block) -> Iterator[tuple[int, list[str]]]:
        for number, line in enumerate(block.text.split("\n")):
            if line.strip():
                yield block.line + number, [line]

    def _converted(self, block: Block, types: Mapping[str, Any]) -> Any:
        import pyarrow as pa
        import pyarrow.json

        try:
            return pyarrow.json.read_json(
                pa.BufferReader(block.data),
                pyarrow.json.ReadOptions(use_threads=False, block_size=len(block.data) + 1),
                pyarrow.json.ParseOptions(
                    explicit_schema=pa.schema(list(types.items())) if types else None,
                    unexpected_field_behavior="ignore" if types else "infer",
                ),
            )
        except pa.ArrowInvalid as error:
            raise self._explained(error, block, types) from error

    def _explained(self, error: Exception, block: Block, types: Mapping[str, Any]) -> InputError:
        """Find the line that the reader could not take, and say what is wrong with it."""
        for line, (text,) in self.records(block):
            where = f"{self.label}, line {line}"
            try:
                row = json.loads(text)
            except ValueError as reason:
                return InputError(where, f"is no JSON ({reason})", "Mend this line", code="bad-file")
            if not isinstance(row, dict):
                return InputError(where, "is no JSON object", "Write one object a line", code="bad-file")
            for name in types.keys() & row.keys():
                if isinstance(row[name], str | list | dict) and str(types[name]) != "string":
                    what, fix = f"{json.dumps(row[name])[:LONGEST_CELL]} is not a number", "Clean this column"
                    return InputError(f"{where}, column {name!r}", what, fix, code="not-a-number")
        return InputError(self.label, f"cannot be read as rows ({error})", "Check the file", code="bad-file")
