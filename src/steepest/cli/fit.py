"""``steepest fit``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from steepest.cli import options
from steepest.cli.exits import DONE, NOT_CONVERGED
from steepest.cli.screen import print_json, print_lines, say


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
@options.descent
@click.option("--precise", is_flag=True, help="Every digit that the data determine, at its price.")
@options.level
@options.force
@options.output("Write the model to this JSON file.")
@options.as_json
@options.quiet
def command(
    precise: bool, level: float, force: bool, output: Path | None, as_json: bool, quiet: bool, **asked: Any
) -> int:
    """Fit a line to the table in DATA (CSV, TSV or Parquet) and print its summary.

    \b
    steepest fit cars.csv -t dist
    steepest fit trips.parquet -t fare -x distance,hours -o fare.json
    steepest fit cars.csv -t dist --method gd --scale none --max-iter 1000

    The exit code is 5 when the certificate was not reached; a model that is written says so.
    """
    from steepest import persist
    from steepest.fitting import fit
    from steepest.parameters import Parameters
    from steepest.progress import Progress
    from steepest.report.facts import facts
    from steepest.report.text import lines

    source, parameters = options.selection(asked), Parameters(precise=precise or "auto", **asked)
    with Progress(source.table.label) as progress:
        result = fit(source, parameters, watch=progress, observe=progress.step)
    told = facts(result, level)
    if output is not None:
        persist.save(result, output)
    if as_json:
        print_json("fit", told.to_dict())
    elif not quiet:
        print_lines(lines(told))
    if output is not None and not quiet:
        say(f"saved {os.fspath(output)}")
    return DONE if result.converged else NOT_CONVERGED
