"""``steepest path``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from steepest.cli import options
from steepest.cli.exits import DONE, NOT_CONVERGED
from steepest.cli.screen import print_json, print_lines, say


@click.command("path", short_help="Choose a penalty by cross-validation, in one pass over the data.")
@options.table
@click.option(
    "--l1-ratio",
    type=options.Numbers(0, 1),
    default="1",
    show_default=True,
    metavar="A,B,...",
    help="Shares of the lasso to try: 0 is ridge, 1 the lasso.",
)
@click.option(
    "--alphas",
    type=options.Penalties(),
    default="100",
    show_default=True,
    metavar="NUMBER|A,B,...",
    help="How many penalties to try, or which.",
)
@click.option(
    "--eps",
    type=options.Within(0, 1, min_open=True, max_open=True),
    default=1e-3,
    show_default=True,
    help="The smallest of so many penalties, beside the largest.",
)
@click.option("--cv", type=click.IntRange(2), default=5, show_default=True, help="Number of folds.")
@click.option("--folds", type=options.ColumnName(), help="The column that says which fold a row is in.")
@click.option("--groups", type=options.ColumnName(), help="The column whose equal values share a fold.")
@click.option("--ordered", is_flag=True, help="Predict every fold from those before it; needs --folds.")
@click.option(
    "--pick",
    type=click.Choice(["min", "1se"]),
    default="min",
    show_default=True,
    help="The penalty with the lowest error, or the largest within one standard error of it.",
)
@options.penalty
@options.descent
@options.level
@options.force
@options.output("Write the model to this JSON file.")
@options.as_json
@options.quiet
def command(
    l1_ratio: tuple[float, ...],
    alphas: int | tuple[float, ...],
    eps: float,
    cv: int,
    folds: str | None,
    groups: str | None,
    ordered: bool,
    pick: str,
    level: float,
    force: bool,
    output: Path | None,
    as_json: bool,
    quiet: bool,
    **asked: Any,
) -> int:
    """Fit the table in DATA with many penalties, and keep the one that predicts best what it has not seen.

    \b
    steepest path diabetes.csv -t progression
    steepest path trips.parquet -t fare --l1-ratio 0.5,1 --pick 1se -o fare.json
    steepest path shops.csv -t sales --groups shop
    steepest path prices.csv -t price --folds year --ordered

    The rows are read once, whatever the number of folds and penalties. They are dealt to the folds at random,
    unless a column says otherwise.
    """
    from steepest import persist
    from steepest.parameters import Parameters
    from steepest.progress import Progress
    from steepest.report.course import lines, to_dict
    from steepest.report.facts import facts
    from steepest.report.text import lines as summary
    from steepest.selection import cross_validate

    if folds is not None and groups is not None:
        raise click.UsageError("--folds names the folds, and --groups leaves them to chance: choose one")
    if ordered and folds is None:
        raise click.UsageError("--ordered needs --folds COLUMN: the order is that of its values")
    asked["labels"] = groups if folds is None else folds
    max_dropped, source = asked.pop("max_dropped"), options.selection(asked)
    with Progress(source.table.label) as progress:
        result = cross_validate(
            source,
            Parameters(**asked),
            cv=cv,
            given=folds is not None,
            told=progress.penalty,
            ordered=ordered,
            watch=progress,
            max_dropped=max_dropped,
            l1_ratios=l1_ratio,
            alphas=alphas,
            eps=eps,
            pick=pick,
        )
        if output is not None:
            persist.save(result.fit, output)
    told = facts(result.fit, level)
    if as_json:
        print_json("path", {**to_dict(result), **told.to_dict()})
    elif not quiet:
        print("\n".join(lines(result)))
        print()
        print_lines(summary(told))
    if output is not None and not quiet:
        say(f"saved {os.fspath(output)}")
    return DONE if result.fit.converged else NOT_CONVERGED
