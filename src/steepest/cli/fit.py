"""``steepest fit``."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from steepest.cli import options
from steepest.cli.exits import DONE, NOT_CONVERGED
from steepest.cli.screen import print_json, print_lines, say

if TYPE_CHECKING:
    from steepest.checkpoint import Checkpoint
    from steepest.cli.live import Live
    from steepest.parameters import Parameters
    from steepest.sources.base import Selection


@click.command("fit", short_help="Fit a line to a table and print its summary.")
@options.table
@click.option(
    "--method",
    type=options.Among("method", options.method_names),
    default="auto",
    show_default=True,
    metavar="NAME",
    help="The way down; the verb race names all methods, and compares them.",
)
@click.option(
    "--learning-rate",
    type=options.Rate(),
    default="auto",
    show_default=True,
    help="Step length of the methods that take one.",
)
@click.option(
    "--alpha",
    type=options.Within(0),
    default=0.0,
    show_default=True,
    help="Strength of the penalty on the coefficients.",
)
@click.option(
    "--l1-ratio",
    type=options.Within(0, 1),
    default=0.0,
    show_default=True,
    help="Share of the lasso in the penalty: 0 is ridge, 1 the lasso.",
)
@options.penalty
@options.descent
@click.option("--precise", is_flag=True, help="Every digit that the data determine, at its price.")
@click.option(
    "--until",
    type=options.Valued("half-width", example="distance: 0.01"),
    multiple=True,
    help='Read no more once this interval is narrow enough: "distance: 0.01".',
)
@click.option(
    "--checkpoint",
    type=click.Path(path_type=Path),
    callback=options.keepable,
    metavar="FILE",
    help="Keep what has been gathered in this file, until the fit is done.",
)
@click.option("--resume", is_flag=True, help="Go on from the checkpoint, if there is one.")
@options.level
@options.force
@options.output("Write the model to this JSON file.")
@options.as_json
@options.quiet
@click.option(
    "--progress",
    type=click.Choice(["auto", "bar", "plain", "json", "off"]),
    default="auto",
    show_default=True,
    help="What is shown on stderr while reading.",
)
def command(
    precise: bool,
    until: tuple[tuple[str, float], ...],
    checkpoint: Path | None,
    resume: bool,
    level: float,
    force: bool,
    output: Path | None,
    as_json: bool,
    quiet: bool,
    progress: str,
    **asked: Any,
) -> int:
    """Fit a line to the table in DATA, and print its summary.

    DATA is one or more files, folders or patterns (CSV, TSV and NDJSON, also as .gz, .zst or .bz2; Parquet;
    Arrow), or - for standard input.

    \b
    steepest fit cars.csv -t dist
    steepest fit trips.parquet -t fare -x distance,hours -o fare.json
    steepest fit "logs/*.csv.gz" -t latency --checkpoint logs.ckpt
    steepest fit cars.csv -t dist --method gd --scale none --max-iter 1000
    steepest fit wide.csv -t y --alpha 0.1 --l1-ratio 1

    The exit code is 5 when the certificate was not reached; a model that is written says so.
    """
    from steepest import persist
    from steepest.anytime import most_groups
    from steepest.cli.live import Live
    from steepest.engines.tree import Tree
    from steepest.fitting import fit
    from steepest.parameters import Parameters
    from steepest.report.facts import facts
    from steepest.report.text import lines

    if resume and checkpoint is None:
        raise click.UsageError("--resume needs --checkpoint FILE: the file to go on from")
    _refuse_one_file(checkpoint, output, asked["data"])
    read = {name: asked[name] for name in ("na", "decimal", "query")}
    max_dropped, source = asked.pop("max_dropped"), options.selection(asked)
    _refuse_input(output, source)
    parameters = Parameters(precise=precise or "auto", **asked)
    most = most_groups(len(source.names))
    live = Live(source, intercept=parameters.fit_intercept, mode="off" if quiet else progress)
    kept = nullcontext() if checkpoint is None else _kept(checkpoint, source, parameters, read, most, resume)
    with kept as keeper, _leaving_word(live, keeper), live:
        tree = live.tree = Tree(most) if keeper is None else keeper.tree

        def watch(done: Tree) -> None:
            live(done)
            if keeper is not None and done is tree:
                keeper(done)

        result = fit(
            source,
            parameters,
            watch=watch,
            observe=live.step,
            tree=tree,
            until=dict(until) or None,
            max_dropped=max_dropped,
        )
        if output is not None:
            persist.save(result, output)
    told = facts(result, level)
    if as_json:
        print_json("fit", told.to_dict())
    elif not quiet:
        print_lines(lines(told))
    if output is not None and not quiet:
        say(f"saved {os.fspath(output)}")
    return DONE if result.converged else NOT_CONVERGED


def _refuse_one_file(checkpoint: Path | None, output: Path | None, data: tuple[str, ...]) -> None:
    """Raise a usage error if the checkpoint would be written over another file of the run."""
    if checkpoint is not None:
        others = [Path(each).resolve() for each in (*data, *([] if output is None else [output]))]
        if checkpoint.resolve() in others:
            raise click.UsageError(
                f"--checkpoint {checkpoint} is another file of this run: name one of its own"
            )


def _refuse_input(output: Path | None, source: Selection) -> None:
    """Raise a usage error if the model would be written over a file of the data."""
    inodes = {value for name, value in source.fingerprint().items() if name.startswith("inode")}
    if output is not None and output.exists() and output.stat().st_ino in inodes:
        raise click.UsageError(f"--output {output} is a file of the data: name another")


def _kept(
    path: Path, source: Selection, parameters: Parameters, read: dict[str, Any], most: int, resume: bool
) -> Checkpoint:
    """Return the checkpoint of a run."""
    import numpy as np

    from steepest.checkpoint import Checkpoint
    from steepest.chunk import SPAN
    from steepest.errors import InputError
    from steepest.sources.lines import BLOCK
    from steepest.version import __version__

    if not (source.fingerprint() and source.repeatable):
        what = f"{source.table.label} cannot be taken up again where it was left"
        raise InputError("checkpoint", what, "Read files, or leave --checkpoint out")
    columns = source.columns
    run: dict[str, Any] = {
        "steepest": __version__,
        "numpy": np.__version__,
        "pieces": [SPAN, BLOCK],
        "order": source.order,
        **{name: repr(value) for name, value in read.items()},
        **{name: repr(getattr(columns, name)) for name in ("target", "weights", "missing")},
        **{f"feature {number}": repr(coding) for number, coding in enumerate(columns.features, 1)},
        **{name: repr(value) for name, value in asdict(parameters).items()},
        **source.fingerprint(),
    }
    return Checkpoint(path, run, most=most, resume=resume, say=say)


@contextmanager
def _leaving_word(live: Live, keeper: Checkpoint | None) -> Iterator[None]:
    """Say what was taken up; when interrupted, or failed by the machine, what is known and how to go on."""
    if keeper is not None and keeper.tree.pieces:
        say(f"resumed after {keeper.tree.rows:,} rows ({keeper.tree.pieces} pieces)")
    try:
        yield
    except (KeyboardInterrupt, OSError, MemoryError):
        for line in live.block():
            say(line)
        if keeper is not None:
            keeper.keep()
            verb, *rest = (each for each in click.get_current_context().find_root().obj if each != "--resume")
            say(f"resume: {shlex.join(['steepest', verb, '--resume', *rest])}")
        raise
