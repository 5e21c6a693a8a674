"""Models of the same rows beside each other, as a table and as plain data."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from steepest.comparison import Comparison, NestedTest, Untested
from steepest.errors import count
from steepest.plain import finite
from steepest.report.layout import WIDTH, formula, on_point, p_value, printable, r_squared, side_by_side


@dataclass(frozen=True, slots=True, repr=False)
class Ranking:
    """A comparison of models: it prints as a table, and is plain data underneath.

    Attributes
    ----------
    result : Comparison
    """

    result: Comparison

    def __str__(self) -> str:
        return "\n".join(lines(self.result))

    __repr__ = __str__

    def to_dict(self) -> dict[str, Any]:
        """Return the comparison as plain data, in the shape of the command line's JSON."""
        return to_dict(self.result)


def lines(result: Comparison, labels: Sequence[str] = ()) -> list[str]:
    """Return a comparison line by line, in eighty columns; `labels` say what the models are called."""
    models = result.models
    kind = "weighted least squares" if result.weighted else "least squares"
    called = [f"{printable(label)}: " for label in labels] or [""] * len(models)
    known = zip(called, models, strict=True)
    lowest = (min(range(len(models)), key=lambda at: getattr(models[at], name)) for name in ("aic", "bic"))
    return [
        f"{printable(result.target)}: {count(len(models), 'model')}, {kind}, {count(result.rows, 'row')}",
        *(formula(f"{at}  {name}", m.names, m.intercept, WIDTH) for at, (name, m) in enumerate(known, 1)),
        *_table(result),
        *(
            line
            for test in result.tests
            for line in textwrap.wrap(_test(test), WIDTH, subsequent_indent="  ")
        ),
        "lowest " + ", ".join(f"{name} {at + 1}" for name, at in zip(("AIC", "BIC"), lowest, strict=True)),
    ]


def to_dict(result: Comparison) -> dict[str, Any]:
    """Return a comparison as plain data: models are counted from 1, numbers that do not exist are None."""
    return {
        "target": result.target,
        "rows": result.rows,
        "weighted": result.weighted,
        "models": [_plain(asdict(model)) for model in result.models],
        "tests": [_plain(asdict(test)) for test in result.tests],
    }


def _plain(fields: dict[str, Any]) -> dict[str, Any]:
    told = {name: finite(value) for name, value in fields.items()}
    return told | ({"names": list(fields["names"])} if "names" in fields else {})


def _table(result: Comparison) -> list[str]:
    models = result.models
    mixed = len({model.intercept for model in models}) > 1
    note = (
        ["note  R2 of models without an intercept is about zero: compare it with no other"] if mixed else []
    )
    columns = {
        "": [str(at) for at in range(1, len(models) + 1)],
        "df": [str(model.df) for model in models],
        "sigma": on_point([f"{model.sigma:#.4g}".rstrip(".") for model in models]),
        "R2 adj": on_point([r_squared(model.r2_adj) for model in models]),
        "log-lik": [_number(model.loglik) for model in models],
        "AIC": [_number(model.aic) for model in models],
        "dAIC": [_number(model.delta_aic) for model in models],
        "BIC": [_number(model.bic) for model in models],
        "dBIC": [_number(model.delta_bic) for model in models],
    }
    return [*side_by_side(columns), *note]


def _number(x: float) -> str:
    """Return a criterion to two decimals, as long as they matter."""
    return f"{x:.2f}" if abs(x) < 1e5 else f"{x:.0f}" if abs(x) < 1e8 else f"{x:.4g}"


def _test(test: NestedTest | Untested) -> str:
    if isinstance(test, Untested):
        return f"{test.first} and {test.second}: {test.reason}"
    return (
        f"{test.small} in {test.large}:"
        f" F {test.f:.4g} on {test.df1} and {test.df2} df (p {p_value(test.f_p)}),"
        f" chi2 {test.chi2:.4g} (p {p_value(test.chi2_p)})"
    )
