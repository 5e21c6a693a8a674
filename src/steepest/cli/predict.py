"""``steepest predict``."""

from __future__ import annotations

import csv
import io
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from steepest.cli import options
from steepest.cli.screen import say
from steepest.whole import whole_file

if TYPE_CHECKING:
    from steepest.chunk import Chunk
    from steepest.columns import Table
    from steepest.result import Fit


@click.command("predict", short_help="Predict the rows of a table with a saved model.")
@options.model
@options.data
@click.option("--interval", is_flag=True, help="Add the interval that covers a new observation.")
@click.option("--only", is_flag=True, help="Leave the columns of DATA out.")
@click.option(
    "--unseen",
    type=click.Choice(["error", "baseline"]),
    default="error",
    show_default=True,
    help="What becomes of levels that the fit has not seen.",
)
@options.level
@options.force
@options.output("Write CSV to this file instead of standard output.")
@options.quiet
def command(
    model: Path,
    data: Path,
    interval: bool,
    only: bool,
    unseen: str,
    level: float,
    force: bool,
    output: Path | None,
    quiet: bool,
) -> None:
    """Predict the rows in DATA (CSV, TSV or Parquet) with the fit in MODEL; print them as CSV.

    \b
    steepest predict cars.json new.csv
    steepest predict cars.json new.csv --interval --only -o predictions.csv
    """
    from steepest import persist
    from steepest.codings import Numeric, forgiving
    from steepest.columns import Columns
    from steepest.inference import check_interval
    from steepest.progress import Progress
    from steepest.sources.open import open_table

    fit = persist.load(model)
    if interval:
        check_interval(fit, level, "prediction")
    columns = fit.columns or Columns(fit.target, tuple(map(Numeric, fit.names)))
    unknown = Counter[str]()
    if unseen == "baseline":
        columns = replace(columns, features=forgiving(columns.features, unknown))
    table = open_table(data)
    columns.refuse_missing(table)
    added = [f"{fit.target}_pred", *([f"{fit.target}_low", f"{fit.target}_high"] if interval else [])]
    kept = [] if only else list(table.kinds)
    _refuse_columns(table, kept, added)
    passed = [name for name in kept if name not in columns.sources]
    outside = Outside(fit)
    with Progress(table.label) as progress, _opened(output) as file:
        file.write(_header([*kept, *added]))
        rows = 0
        slabs = table.slabs((*columns.sources, *passed), text=(*passed, *columns.texts))
        for batch, place in chain.from_iterable(slab() for slab in slabs):
            chunk = columns.design(batch, place)
            values = _predicted(fit, chunk, level if interval else None)
            file.write(_csv(batch.select(kept), dict(zip(added, values, strict=True))))
            outside.look(chunk)
            rows += batch.num_rows
            progress.read(rows)
    if not quiet and outside.rows:
        say(outside.note(rows))
    if not quiet:
        for name, count in unknown.items():
            say(f"note: {count} of {rows} rows have unseen levels of {name!r}, taken for its baseline")


class Outside:
    """Counts rows with a feature outside the range that the model was fitted to."""

    def __init__(self, fit: Fit) -> None:
        self._low, self._high = fit.moments.minimum[:-1], fit.moments.maximum[:-1]
        self._names = fit.names
        self.rows, self._first, self._feature = 0, "", 0

    def look(self, chunk: Chunk) -> None:
        """Count the rows of a chunk that lie outside."""
        X = chunk.matrix()
        beyond = (self._low > X) | (self._high < X)
        rows = beyond.any(axis=1)
        if rows.any() and not self.rows:
            first = int(rows.argmax())
            self._first, self._feature = chunk.place(chunk.row(first)), int(beyond[first].argmax())
        self.rows += int(rows.sum())

    def note(self, rows: int) -> str:
        """Return the note about the rows outside."""
        j = self._feature
        return (
            f"note: {self.rows} of {rows} rows (first {self._first}) outside the fitted range,"
            f" {self._names[j]} {self._low[j]:g}..{self._high[j]:g}"
        )


def _refuse_columns(table: Table, kept: list[str], added: list[str]) -> None:
    """Raise `InputError` for columns that cannot be printed beside the predictions."""
    from steepest.errors import InputError

    plain = ("number", "boolean", "empty", "text", "dates", "times")
    odd = [name for name in kept if table.kinds[name] not in plain or name in added]
    if odd:
        what = "would be there twice" if odd[0] in added else f"holds {table.kinds[odd[0]]}, which CSV cannot"
        raise InputError(f"column {odd[0]!r}", what, "Print the predictions alone: --only")


def _predicted(fit: Fit, chunk: Chunk, level: float | None) -> list[Any]:
    """Return the predictions and, for a level, the ends of their intervals."""
    from steepest.inference import interval

    mean = fit.predict(chunk)
    if level is None:
        return [mean]
    ends = interval(fit, chunk, level=level, kind="prediction")
    return [mean, ends[:, 0], ends[:, 1]]


def _header(names: list[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(names)
    return text.getvalue().encode()


def _csv(batch: Any, added: dict[str, Any]) -> bytes:
    """Return rows as CSV, numbers in the shortest form that reads back exactly."""
    import pyarrow as pa
    import pyarrow.csv

    table = pa.Table.from_batches([batch])
    for name, values in added.items():
        table = table.append_column(name, pa.array(values))
    sink = pa.BufferOutputStream()
    try:
        pyarrow.csv.write_csv(
            table, sink, pyarrow.csv.WriteOptions(include_header=False, quoting_style="none")
        )
    except pa.ArrowInvalid:  # a text that needs quotes: then all texts get them
        sink = pa.BufferOutputStream()
        pyarrow.csv.write_csv(table, sink, pyarrow.csv.WriteOptions(include_header=False))
    return sink.getvalue().to_pybytes()


@contextmanager
def _opened(output: Path | None) -> Iterator[BinaryIO]:
    """Yield standard output, or a file that appears under its name when it is complete."""
    if output is None:
        yield sys.stdout.buffer
        sys.stdout.flush()
        return
    with whole_file(output) as file:
        yield file
