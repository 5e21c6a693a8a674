"""``steepest compare``."""

from __future__ import annotations

from pathlib import Path

import click

from steepest.cli import options
from steepest.cli.screen import print_json


@click.command("compare", short_help="Compare saved models of the same rows.")
@click.argument("models", type=click.Path(path_type=Path), nargs=-1, required=True)
@options.as_json
def command(models: tuple[Path, ...], as_json: bool) -> None:
    """Print information criteria of the fits in MODELS, two or more files that fit wrote, and F tests.

    \b
    steepest compare small.json large.json
    steepest compare null.json small.json large.json --json

    They must have been fitted to the same rows. Each is tested against the one after it, where all terms of
    one of them are terms of the other.
    """
    from steepest import persist
    from steepest.comparison import compare
    from steepest.report.ranking import lines, to_dict

    if len(models) < 2:
        raise click.UsageError("there is nothing to compare with: name two models or more")
    result, names = compare(*map(persist.load, models)), list(map(str, models))
    if as_json:
        print_json("compare", {"files": names, **to_dict(result)})
    else:
        print("\n".join(lines(result, names)))
