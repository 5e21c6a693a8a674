"""``steepest race``."""

from __future__ import annotations

from typing import Any

import click

from steepest.cli import options
from steepest.cli.screen import print_json


@click.command("race", short_help="Run the methods on the same data and compare them.")
@options.table
@click.option(
    "--methods",
    type=options.Names("method", options.every_method),
    metavar="A,B,...",
    help="Who takes part; all methods if left out.",
)
@options.descent
@options.as_json
def command(methods: tuple[str, ...] | None, as_json: bool, **asked: Any) -> None:
    """Run the methods on the table in DATA, with equal accounting, and print what each of them needed.

    \b
    steepest race cars.csv -t dist
    steepest race cars.csv -t dist --scale none --methods gd,momentum,cg
    steepest race trips.parquet -t fare --tol 0.01 --json

    Moments are gathered once, for all; seconds count the descent and what it needs to know before it begins.
    """
    from steepest.parameters import Parameters
    from steepest.progress import Progress
    from steepest.race import race
    from steepest.report.lineup import lines, to_dict

    max_dropped, source = asked.pop("max_dropped"), options.selection(asked)
    runners = tuple(dict.fromkeys(methods or options.every_method()))
    with Progress(source.table.label) as progress:
        told = {"watch": progress, "observe": progress.step}
        result = race(source, Parameters(**asked), runners, max_dropped=max_dropped, **told)
    if as_json:
        print_json("race", to_dict(result))
    else:
        print("\n".join(lines(result)))
