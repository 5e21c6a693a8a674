"""Options that several verbs share, and how their values are checked and completed."""

from __future__ import annotations

import math
import os
import shlex
from collections.abc import Callable, Container
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from steepest.errors import SteepestError, choices

if TYPE_CHECKING:
    from steepest.sources.base import Selection


class Among(click.ParamType):
    """One of some names, looked up when they are needed."""

    def __init__(self, name: str, names: Callable[[], list[str]]) -> None:
        self.name = name
        self._names = names

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        names = self._names()
        if value not in names:
            self.fail(f'no {self.name} "{value}". {choices(value, names)}.', param, ctx)
        return value

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        return [CompletionItem(name) for name in self._names() if name.startswith(incomplete)]


class Names(click.ParamType):
    """Some names, separated by commas, looked up when they are needed."""

    def __init__(self, name: str, names: Callable[[], list[str]]) -> None:
        self.name = name
        self._one = Among(name, names)

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        return tuple(self._one.convert(name, param, ctx) for name in value.split(","))


class ColumnName(click.ParamType):
    """A column of the table in the first argument; its names complete."""

    name = "column"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        from steepest.sources.open import open_table

        done, _, start = incomplete.rpartition(",")
        words = shlex.split(os.environ.get("COMP_WORDS", ""))
        try:
            names = open_table(next(word for word in words if Path(word).is_file())).kinds
        except (SteepestError, OSError, StopIteration):
            return []
        return [
            CompletionItem(f"{done},{name}" if done else name) for name in names if name.startswith(start)
        ]


class Share(click.ParamType):
    """A share: a percentage, or a number between 0 and 1."""

    name = "percent"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, float):
            return value
        try:
            share = float(value.removesuffix("%")) / (100 if value.endswith("%") else 1)
        except ValueError:
            share = -1.0
        if not 0 <= share <= 1:
            self.fail(f'"{value}" is no share, such as 5%.', param, ctx)
        return share


class Valued(click.ParamType):
    """A name and a number: NAME: NUMBER."""

    def __init__(self, number: str, *, example: str, least: float = math.ulp(0.0)) -> None:
        self.name = f"NAME: {number.upper()}"
        self._number, self._example, self._least = number, example, least

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, float]:
        name, colon, written = value.rpartition(":")
        try:
            number = float(written)
        except ValueError:
            number = -1.0
        if not (colon and name.strip() and self._least <= number < math.inf):
            self.fail(f'"{value}" is no name and {self._number}, such as "{self._example}".', param, ctx)
        return name.strip(), number


class Numbers(click.ParamType):
    """Numbers in a range, separated by commas."""

    name = "numbers"

    def __init__(self, low: float, high: float = math.inf) -> None:
        self._low, self._high = low, high

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[float, ...]:
        try:
            numbers = tuple(map(float, value.split(",")))
        except ValueError:
            numbers = (math.nan,)
        if not all(self._low <= number <= self._high and math.isfinite(number) for number in numbers):
            self.fail(f'"{value}" are not numbers from {self._low:g} to {self._high:g}.', param, ctx)
        return numbers


class Penalties(click.ParamType):
    """How many penalties, or which."""

    name = "penalties"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> int | tuple[float, ...]:
        if value.isdecimal() and int(value) > 0:
            return int(value)
        return Numbers(0).convert(value, param, ctx)


class Rate(click.ParamType):
    """A positive number, or auto."""

    name = "auto|number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float | str:
        if value == "auto":
            return value
        try:
            rate = float(value)
        except ValueError:
            rate = 0.0
        if not 0 < rate < float("inf"):
            self.fail(f'"{value}" is neither "auto" nor a positive number.', param, ctx)
        return rate


def every_method() -> list[str]:
    from steepest.methods import METHODS

    return list(METHODS)


def method_names() -> list[str]:
    return ["auto", *every_method()]


def streamed_formats() -> list[str]:
    from steepest.sources.files import STREAMED

    return list(STREAMED)


def scale_names() -> list[str]:
    from steepest.objective import SCALES

    return list(SCALES)


def resolved(values: tuple[str, ...], known: Container[str]) -> tuple[str, ...]:
    """Return the names in the values of a repeatable option: columns as they are, or split at commas."""
    return tuple(name for value in values for name in ([value] if value in known else value.split(",")))


class Within(click.FloatRange):
    """A finite number in a range."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value} is no finite number.", param, ctx)
        return number


def columns(*flags: str, help_text: str) -> Callable[[Any], Any]:
    """Return a repeatable option that takes the names of columns."""
    return click.option(*flags, multiple=True, type=ColumnName(), metavar="A,B,...", help=help_text)


def writable(context: click.Context, parameter: click.Parameter, value: Path | None) -> Path | None:
    """Check before any work that an output can be written, and that nothing is lost by it."""
    if value is None:
        return None
    _refuse_folder(value)
    if value.exists() and not context.params.get("force"):
        raise FileExistsError(17, "the file exists, and --force was not given", str(value))
    return value


def keepable(context: click.Context, parameter: click.Parameter, value: Path | None) -> Path | None:
    """Check before any work that a checkpoint can be written."""
    if value is not None:
        _refuse_folder(value)
    return value


def _refuse_folder(path: Path) -> None:
    if not path.parent.is_dir():
        raise FileNotFoundError(2, "no such directory", str(path.parent))
    if path.is_dir():
        raise IsADirectoryError(21, "is a directory", str(path))
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise PermissionError(13, "cannot be written to", str(path.parent))


data = click.argument("data", type=click.Path(path_type=Path))
model = click.argument("model", type=click.Path(path_type=Path))
force = click.option("--force", is_flag=True, is_eager=True, help="Overwrite the output file if it exists.")
level = click.option(
    "--level",
    type=Within(0, 1, min_open=True, max_open=True),
    default=0.95,
    show_default=True,
    help="Coverage of the intervals.",
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
quiet = click.option("-q", "--quiet", is_flag=True, help="Print errors only.")


def output(help_text: str) -> Callable[[Any], Any]:
    """Return the option for the output file."""
    return click.option(
        "-o", "--output", type=click.Path(path_type=Path), callback=writable, metavar="FILE", help=help_text
    )


def _together(*decorators: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return several options as one, the first on top."""

    def decorate(command: Any) -> Any:
        for decorator in reversed(decorators):
            command = decorator(command)
        return command

    return decorate


table = _together(
    click.argument("data", type=click.Path(allow_dash=True), nargs=-1, required=True),
    click.option("-t", "--target", type=ColumnName(), help="The column to explain."),
    columns("-x", "--features", help_text="The columns that explain it (lag_* too); all others if left out."),
    columns("--exclude", help_text="Columns that are no features."),
    columns("--categorical", help_text="Features that are levels, not numbers."),
    click.option(
        "--missing",
        type=click.Choice(["error", "drop"]),
        default="error",
        show_default=True,
        help="What becomes of rows with missing cells.",
    ),
    click.option(
        "--max-dropped",
        type=Share(),
        default="100%",
        show_default=True,
        help="Largest share of the rows that may be dropped.",
    ),
    click.option("--na", multiple=True, metavar="TEXT", help="A text that stands for a missing value."),
    click.option(
        "--decimal",
        type=click.Choice([".", ","]),
        default=".",
        show_default=True,
        help="The decimal mark of text files.",
    ),
    click.option(
        "--input-format",
        type=Among("format", streamed_formats),
        default="csv",
        show_default=True,
        metavar="NAME",
        help="How standard input (-) is written: csv, tsv or ndjson.",
    ),
    click.option("--query", default="", metavar="SQL", help="The table of a database, or a SELECT."),
    click.option(
        "--order",
        type=click.Choice(["random", "file"]),
        default="random",
        show_default=True,
        help="In which pieces of Parquet and Arrow files are read.",
    ),
    click.option(
        "--formula",
        help='Instead of target and features: "y ~ a + b + a:b + C(city) + poly(x, 3) - 1".',
    ),
    click.option("--weights", type=ColumnName(), help="The column of row weights."),
    click.option("--no-intercept", is_flag=True, help="Fit a line through the origin."),
)
"""The table in the first argument, and what its columns mean; `selection` takes them up."""

penalty = _together(
    click.option("--positive", is_flag=True, help="No coefficient may be negative."),
    click.option(
        "--penalty-factor",
        type=Valued("factor", example="distance: 0", least=0.0),
        multiple=True,
        callback=lambda _context, _parameter, value: dict(value) or None,
        help='What multiplies the penalty of a feature: "distance: 0" leaves it free.',
    ),
)

descent = _together(
    click.option(
        "--scale",
        type=Among("scale", scale_names),
        default="auto",
        show_default=True,
        metavar="NAME",
        help="Coordinates of the descent: standard (which auto is), center or none.",
    ),
    click.option(
        "--max-iter",
        type=click.IntRange(1),
        default=10_000,
        show_default=True,
        help="Largest number of steps; of stochastic methods, epochs.",
    ),
    click.option(
        "--tol",
        type=Within(0),
        default=1e-6,
        show_default=True,
        help="Distance from the exact answer that is close enough, in standard errors.",
    ),
    click.option(
        "--random-state",
        type=click.IntRange(0),
        default=0,
        show_default=True,
        help="Seed of the order in which stochastic methods visit the rows.",
    ),
)
"""Where a descent goes, and when it ends."""


def selection(asked: dict[str, Any]) -> Selection:
    """Take the options of a table out of `asked`, and return its rows; what is left are parameters.

    ``max_dropped`` stays too, for the fit.
    """
    from steepest.formula import parse
    from steepest.learning import learn
    from steepest.progress import Progress
    from steepest.sources.base import Selection
    from steepest.sources.open import open_table
    from steepest.sources.reading import Reading

    reading = Reading(asked.pop("na"), asked.pop("decimal"), asked.pop("input_format"), asked.pop("query"))
    given = asked.pop("data")
    opened = open_table(given if len(given) > 1 else given[0], reading)
    order = asked["random_state"] if asked.pop("order") == "random" else None
    formula, no_intercept = asked.pop("formula"), asked.pop("no_intercept")
    parsed = None if formula is None else parse(formula)
    if parsed is None and asked["target"] is None:
        raise click.UsageError("name the column to explain: -t NAME, or --formula")
    asked["fit_intercept"] = not no_intercept and (parsed is None or parsed.intercept)
    lists = ("features", "exclude", "categorical")
    meaning: dict[str, Any] = {option: resolved(asked.pop(option), opened.kinds) for option in lists}
    meaning["features"] = meaning["features"] or None
    meaning |= {option: asked.pop(option) for option in ("target", "weights", "missing")}
    meaning["labels"] = asked.pop("labels", None)
    with Progress(opened.label) as progress:
        return Selection(opened, learn(opened, formula=parsed, watch=progress.read, **meaning), order)
