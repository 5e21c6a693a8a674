"""``steepest show``."""

from __future__ import annotations

from pathlib import Path

import click

from steepest.cli import options
from steepest.cli.screen import print_json, print_lines


@click.command("show", short_help="Print the summary of a saved model.")
@options.model
@options.level
@options.as_json
def command(model: Path, level: float, as_json: bool) -> None:
    """Print the summary of the fit in MODEL, a file that fit wrote.

    \b
    steepest show cars.json
    steepest show cars.json --level 0.99 --json
    """
    from steepest import persist
    from steepest.report.facts import facts
    from steepest.report.text import lines

    told = facts(persist.load(model), level)
    if as_json:
        print_json("show", told.to_dict())
    else:
        print_lines(lines(told))
