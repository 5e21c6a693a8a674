"""Text in blocks of whole lines, each of which can be parsed in a thread of its own.

Blocks are cut where a line ends outside quotes, which takes a look at every quote but not at every
character. Compressed text (``.gz``, ``.zst``, ``.bz2``) is unpacked on the way, never as a whole.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from steepest.chunk import SPAN
from steepest.columns import Place, Slab
from steepest.errors import InputError
from steepest.sources.arrow import kinds_of
from steepest.sources.base import File
from steepest.sources.pipe import Pipe
from steepest.sources.steady import Steady

BLOCK = 4 << 20
"""Bytes in a block: the largest that caches hold, and a few rows more."""

LONGEST = 64 << 20
"""Bytes in a line."""

LONGEST_CELL = 40
"""Characters of a cell that a message shows."""

COMPRESSED = {".gz": "gzip", ".zst": "zstd", ".bz2": "bz2"}
"""How files are compressed, by the ending of the name."""


@dataclass(frozen=True, slots=True)
class Block:
    """Some whole lines of a text.

    Attributes
    ----------
    data : bytes
    line : int
        Number of the first line, from 1.
    """

    data: bytes
    line: int

    @property
    def text(self) -> str:
        return self.data.decode("utf-8", errors="replace")


Ends = Callable[[bytes], int]
"""Returns where the last whole line of some text ends, 0 if there is none."""


def blocks(stream: Any, label: str, ends: Ends) -> Iterator[Block]:
    """Yield all lines of a stream of bytes.

    Raises
    ------
    InputError
        If a line has no end in sight, or compressed text is damaged.
    """
    rest, line = b"", 1
    while data := read(stream, label, line):
        data = rest + data
        end = ends(data)
        if not end and len(data) > LONGEST:
            what, fix = f"a line of more than {LONGEST >> 20} MB", "Look for a quote that is not closed"
            raise InputError(f"{label}, line {line}", what, fix, code="bad-file")
        if end:
            yield Block(data[:end], line)
            line += int(np.count_nonzero(np.frombuffer(data, np.uint8, end) == ord("\n")))
        rest = data[end:]
    if rest and ends(rest + b"\n") <= len(rest):
        at = line + rest.count(b"\n", 0, ends(rest))
        raise InputError(f"{label}, line {at}", "a quote is not closed", "Close it", code="bad-file")
    if rest:
        yield Block(rest, line)


def read(stream: Any, label: str, line: int = 1) -> bytes:
    """Return the next bytes of a stream; raise `InputError` if compressed text is damaged."""
    try:
        return stream.read(BLOCK)
    except (OSError, EOFError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise OSError(error.errno, error.strerror, error.filename or label) from error
        fix = "Fetch the file again"
        raise InputError(
            f"{label}, after line {line}", f"is damaged ({error})", fix, code="bad-file"
        ) from error


def opened(path: Path | Pipe) -> Any:
    """Return a stream of bytes in a context: a file, unpacked if its name says that it is compressed."""
    import pyarrow as pa

    if isinstance(path, Pipe):
        return path.open()
    stream, codec = io.BufferedReader(Steady(path)), COMPRESSED.get(path.suffix.lower())
    return stream if codec is None else pa.input_stream(stream, compression=codec)


def last_line(data: bytes) -> int:
    """Return where the last whole line ends, for text in which no quotes hold line ends."""
    return data.rfind(b"\n") + 1


def outside_quotes(delimiter: str) -> Ends:
    """Return what finds the last line end outside quotes; a quote opens only where a field begins."""
    edge = delimiter.encode()
    field = re.compile(rb'(?<![^\n%b])"[^"]*+(?:""[^"]*+)*+("?)' % re.escape(edge))

    def toggles(data: bytes) -> Any:
        """Return the positions of the quotes that open and close, in turn."""
        text = np.frombuffer(data, np.uint8)
        quotes = np.flatnonzero(text == ord('"'))
        before = text[quotes[::2] - 1]
        begins = (before == ord("\n")) | (before == edge[0]) | (before == ord('"')) | (quotes[::2] == 0)
        if begins.all():
            return quotes
        ends = (
            at
            for found in field.finditer(data)
            for at in (found.start(), found.end() - 1)[: 1 + len(found[1])]
        )
        return np.fromiter(ends, np.intp)

    def end(data: bytes) -> int:
        stop, quotes = last_line(data), toggles(data) if b'"' in data else np.empty(0)
        while stop and (before := int(np.searchsorted(quotes, stop))) % 2:
            stop = data.rfind(b"\n", 0, int(quotes[before - 1])) + 1
        return stop

    return end


class Text(File):
    """What files of lines have in common; a kind adds what a line means.

    Numbers are read as float64; a column of whole numbers beyond 2^53 keeps them whole.
    """

    kinds: Mapping[str, str] = {}
    _whole: frozenset[str] = frozenset()

    def slabs(self, names: Sequence[str], text: Sequence[str] = ()) -> Iterator[Slab]:
        for block in self.blocks():
            yield partial(self._read, block, list(names), list(text))

    def blocks(self) -> Iterator[Block]:
        """Yield all lines that hold rows."""
        raise NotImplementedError

    def parsed(self, block: Block, names: list[str], text: list[str]) -> Any:
        """Return the rows of a block as an Arrow table."""
        raise NotImplementedError

    def records(self, block: Block) -> Iterator[tuple[int, list[str]]]:
        """Yield the cells of every row of a block, with the number of its line."""
        raise NotImplementedError

    def _learn(self, sample: Any) -> None:
        """Learn the kinds of the columns from the first rows."""
        kinds = kinds_of(sample.schema, self.label)
        self.kinds = {name: "text" if kind == "binary" else kind for name, kind in kinds.items()}
        self._whole = frozenset(name for name in self.kinds if _is_huge(sample.column(name)))

    def _types(self, text: list[str]) -> dict[str, Any]:
        """Return the types as which columns are read; the others are read as they seem."""
        import pyarrow as pa

        kinds = {"number": pa.float64(), "empty": pa.float64(), "boolean": pa.bool_()}
        types = {name: kinds[kind] for name, kind in self.kinds.items() if kind in kinds}
        return types | dict.fromkeys(self._whole, pa.int64()) | dict.fromkeys(text, pa.string())

    def _read(self, block: Block, names: list[str], text: list[str]) -> Iterator[tuple[Any, Place]]:
        first = 0
        for batch in self.parsed(block, names, text).to_batches(SPAN):
            yield batch, partial(self._place, block, first)
            first += batch.num_rows

    def _place(self, block: Block, first: int, row: int) -> str:
        found = next(islice(self.records(block), first + row, None), None)
        return f"row {first + row} from line {block.line}" if found is None else f"line {found[0]}"


def _is_huge(values: Any) -> bool:
    """Return whether an Arrow array holds whole numbers that float64 would round."""
    if str(values.type) != "int64":
        return False
    parts = [np.from_dlpack(part) for part in values.drop_null().chunks if len(part)]
    return any(max(-int(part.min()), int(part.max())) > 2**53 for part in parts)
