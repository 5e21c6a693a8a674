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
@options.data
@click.option("-t", "--target", required=True, type=options.ColumnName(), help="The column to explain.")
@options.columns("-x", "--features", help_text="The columns that explain it; all others if left out.")
@options.columns("--exclude", help_text="Columns that are no features.")
@options.columns("--categorical", help_text="Features that are levels, not numbers.")
@click.option(
    "--missing",
    type=click.Choice(["error", "drop"]),
    default="error",
    show_default=True,
    help="What becomes of rows with missing cells.",
)
@click.option("--weights", type=options.ColumnName(), help="The column of row weights.")
@click.option("--no-intercept", is_flag=True, help="Fit a line through the origin.")
@click.option(
    "--method",
    type=options.Among("method", options.method_names),
    default="auto",
    show_default=True,
    metavar="NAME",
)
@click.option(
    "--learning-rate",
    type=options.Rate(),
    default="auto",
    show_default=True,
    help="Step length of gd, newton.",
)
@click.option(
    "--scale",
    type=options.Among("scale", options.scale_names),
    default="auto",
    show_default=True,
    metavar="NAME",
    help="Coordinates of the descent: standard, center or none.",
)
@click.option(
    "--max-iter", type=click.IntRange(1), default=10_000, show_default=True, help="Largest number of steps."
)
@click.option(
    "--tol",
    type=options.Within(0),
    default=1e-6,
    show_default=True,
    help="Distance from the exact answer that is close enough, in standard errors.",
)
@click.option("--precise", is_flag=True, help="Every digit that the data determine, at its price.")
@options.level
@options.force
@options.output("Write the model to this JSON file.")
@options.as_json
@options.quiet
def command(
    data: Path,
    target: str,
    features: tuple[str, ...],
    exclude: tuple[str, ...],
    categorical: tuple[str, ...],
    missing: str,
    weights: str | None,
    no_intercept: bool,
    precise: bool,
    level: float,
    force: bool,
    output: Path | None,
    as_json: bool,
    quiet: bool,
    **parameters: Any,
) -> int:
    """Fit a line to the table in DATA (CSV, TSV or Parquet) and print its summary.

    \b
    steepest fit cars.csv -t dist
    steepest fit trips.parquet -t fare -x distance,hours -o fare.json
    steepest fit cars.csv -t dist --method gd --scale none --max-iter 1000

    The exit code is 5 when the certificate was not reached; a model that is written says so.
    """
    from steepest import persist
    from steepest.columns import learn
    from steepest.fitting import fit
    from steepest.parameters import Parameters
    from steepest.progress import Progress
    from steepest.report.facts import facts
    from steepest.report.text import lines
    from steepest.sources.base import Selection
    from steepest.sources.open import open_table

    table = open_table(data)
    columns = learn(
        table,
        target=target,
        features=options.resolved(features, table.kinds) or None,
        exclude=options.resolved(exclude, table.kinds),
        weights=weights,
        categorical=options.resolved(categorical, table.kinds),
        missing=missing,
    )
    with Progress(table.label) as progress:
        result = fit(
            Selection(table, columns),
            Parameters(fit_intercept=not no_intercept, precise=precise or "auto", **parameters),
            watch=progress,
            observe=progress.step,
        )
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
