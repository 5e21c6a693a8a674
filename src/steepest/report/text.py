"""The printed summary: 80 columns, no clock, the same text for the same data."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from steepest.errors import count
from steepest.report.facts import Facts, Shrinkage, Term
from steepest.report.layout import (
    WIDTH,
    flush,
    formula,
    on_point,
    p_value,
    penalty_name,
    printable,
    r_squared,
    rounded_up,
    side_by_side,
)

MOST_TERMS = 20
INDENT = " " * 6

Line = tuple[str, str]
"""The role of a line (``title head term statistics converged open advice data note``), and its text."""


@dataclass(frozen=True, slots=True, repr=False)
class Summary:
    """The summary of a fit: it prints as text, and is plain data underneath.

    Attributes
    ----------
    facts : Facts
    """

    facts: Facts

    def __str__(self) -> str:
        return "\n".join(text for _, text in lines(self.facts))

    __repr__ = __str__

    def to_dict(self) -> dict[str, Any]:
        """Return the summary as plain data, in the shape of the command line's JSON."""
        return self.facts.to_dict()


def lines(facts: Facts) -> list[Line]:
    """Return the summary line by line, each with its role."""
    return [
        ("title", _title(facts)),
        *_table(facts),
        *(("statistics", line) for line in _statistics(facts)),
        *_convergence(facts),
        *(("data", line) for line in _data(facts)),
        *(("note", line) for note in facts.notes[:3] for line in _note(note)),
    ]


def _note(text: str) -> list[str]:
    """Return a note in lines of eighty columns."""
    wrapper = textwrap.TextWrapper(WIDTH, "note  ", INDENT, break_on_hyphens=False)
    return wrapper.wrap(printable(text, WIDTH * 4))


def _title(facts: Facts) -> str:
    kind = f"weighted {_kind(facts.penalty)}" if facts.weighted else _kind(facts.penalty)
    right = f"{kind}, {count(facts.rows, 'row')}, {count(len(facts.names), 'feature')}"
    room = WIDTH - len(right) - 2
    left = formula(f"{printable(facts.target)} ~ ", facts.names, facts.intercept, room)
    return f"{left:<{room}}  {right}"


def _kind(penalty: Shrinkage | None) -> str:
    """Return what the penalty makes of least squares."""
    if penalty is None or not penalty.alpha:
        return "least squares" if penalty is None else "nonnegative least squares"
    name = penalty_name(penalty.l1_ratio)
    return f"nonnegative {name}" if penalty.positive else name


def _shrunk(facts: Facts, penalty: Shrinkage) -> str:
    """Return the strength of the penalty, and how many coefficients it left."""
    alpha = f"alpha {penalty.alpha:.6g}" if penalty.alpha else ""
    mixed = f", l1_ratio {penalty.l1_ratio:.6g}" if 0 < penalty.l1_ratio < 1 and penalty.alpha else ""
    kept = f"{penalty.kept} of {count(len(facts.names), 'coefficient')} not zero"
    return "   ".join(part for part in (alpha + mixed, kept) if part)


def _table(facts: Facts) -> list[Line]:
    """Return the coefficients, the largest |t| if there are too many; digits follow the standard errors."""
    terms, hidden = list(facts.terms), 0
    if len(terms) > MOST_TERMS:
        kept = sorted(range(len(terms)), key=lambda j: (-abs(terms[j].t or 0.0), j))[:MOST_TERMS]
        hidden, terms = len(terms) - MOST_TERMS, [terms[j] for j in sorted(kept)]
    names = [printable(term.name) for term in terms]
    if facts.refusal is not None:
        columns = {"term": names, "estimate": [_known(term) for term in terms]}
        after = [("note", line) for line in _note(f"no standard errors: {facts.refusal}")]
    else:
        estimates, errors, low, high = map(list, zip(*map(_digits, terms), strict=True))
        ends = zip(flush(low), flush(high), strict=True)
        columns = {
            "term": names,
            "estimate": on_point(estimates),
            "SE": on_point(errors),
            f"{100 * facts.level:g}% CI": ["-" if b.strip() == "-" else f"{a} .. {b}" for a, b in ends],
            "t": [_t_value(term.t) for term in terms],
            "p": [p_value(term.p) for term in terms],
        }
        after = []
    head, *rows = side_by_side(columns)
    more = [("term", f"... and {count(hidden, 'more term')}, of smaller |t|")] if hidden else []
    return [("head", head), *(("term", row) for row in rows), *more, *after]


def _known(term: Term) -> str:
    """Return an estimate in the digits that are known, six at most; around zero, what it cannot exceed."""
    if term.reach == 0 or not term.estimate:
        return f"{term.estimate:.6g}"
    known = math.isfinite(term.reach) and math.isfinite(term.estimate)
    digits = math.floor(math.log10(abs(term.estimate)) - math.log10(term.reach)) if known else 0
    if digits >= 1:
        return f"{term.estimate:.{min(digits, 6)}g}"
    return f"+-{rounded_up(abs(term.estimate) + term.reach)}" if known else "unknown"


def _digits(term: Term) -> tuple[str, str, str, str]:
    """Return estimate, standard error and interval, in the decimals that three digits of the error need."""
    if term.se is None or term.low is None or term.high is None:
        return f"{term.estimate:.6g}", "-", "-", "-"
    decimals = 2 - math.floor(math.log10(term.se)) if term.se > 0 else 4
    numbers = (term.estimate, term.se, term.low, term.high)
    if decimals <= 8 and max(map(abs, numbers)) < 1e9:
        estimate, se, low, high = (f"{x:.{max(decimals, 0)}f}" for x in numbers)
    else:
        estimate, se, low, high = (_scientific(x, decimals) for x in numbers)
    return estimate, se, low, high


def _scientific(value: float, decimals: int) -> str:
    exponent = math.floor(math.log10(abs(value))) if value else 0
    return f"{value:.{min(max(exponent + decimals, 0), 15)}e}"


def _t_value(t: float | None) -> str:
    return "-" if t is None else f"{t:.2f}" if abs(t) < 1e5 else f"{t:.2e}"


def _statistics(facts: Facts) -> list[str]:
    s = facts.statistics
    about = "" if facts.intercept else ", about zero"
    r2 = "R2 undefined" if s["r2"] is None else f"R2 {r_squared(s['r2'])}"
    if facts.penalty is not None:
        return [f"{r2}{about}   {_shrunk(facts, facts.penalty)}"]
    if facts.refusal is not None:
        return [f"{r2}{about}"]
    parts = [f"sigma {s['sigma']:#.4g} ({s['df']} df)".replace(". (", " (")]
    if s["r2"] is not None:
        r2 += f" (adj. {r_squared(s['r2_adj'] or 0.0)}{about})"
    parts.append(r2)
    if s["f"] is not None and len(facts.names) > 1:
        parts.append(f"F {s['f']:.4g} (p {p_value(s['f_p'])})")
    criteria = [f"log-lik {s['loglik']:.2f}", f"AIC {s['aic']:.2f}", f"BIC {s['bic']:.2f}"]
    return ["   ".join(parts), "   ".join(criteria)]


def _convergence(facts: Facts) -> list[Line]:
    unit = "SE" if facts.unit == "se" else "sd(y)"
    steps, distance = count(facts.steps, facts.step), rounded_up(facts.distance)
    more = [f"precise: {_rereading(facts)}"] if facts.again else []
    if facts.radius is not None:
        where = "circle at" if facts.circling else "are"
        more.insert(0, f"noise: its points {where} about {facts.radius:.2g} {unit} from the exact fit")
    if facts.early is not None:
        return [*_early(facts, steps, f"{distance} {unit}"), *_indented(more)]
    if facts.converged:
        within = f"within {distance} {unit}"
        exact = facts.exact and facts.unit == "sd(y)"
        goal = "exact fit" if facts.penalty is None else "optimum"
        within = f"exact to rounding ({within})" if exact else f"{within} of the {goal}"
        return [("converged", f"fit   converged: {steps} ({facts.method}), {within}"), *_indented(more)]
    known = facts.worst is not None and math.isfinite(facts.distance)
    worst = f" ({printable(facts.worst or '')} is worst)" if known else ""
    verdict = "DIVERGED" if facts.diverged else "NOT CONVERGED"
    return [
        ("open", f"fit   {verdict}: still {distance} {unit} away after {steps}{worst}"),
        *_indented([f"{facts.method}: {facts.advice}", *more]),
    ]


def _early(facts: Facts, steps: str, distance: str) -> list[Line]:
    early = facts.early
    assert early is not None
    where = {"standard": " on standardised columns", "center": "", "none": ""}[facts.scale]
    return [
        ("open", f"fit   stopped early ({early.criterion}): {steps} ({facts.method}), {distance} from exact"),
        *_indented([f"{early.df:.4g} degrees of freedom, like ridge with penalty {early.ridge:.3g}{where}"]),
    ]


def _indented(texts: Sequence[str]) -> list[Line]:
    """Return texts below the line of convergence, in lines of eighty columns."""
    wrapper = textwrap.TextWrapper(WIDTH, INDENT, INDENT)
    return [("advice", line) for text in texts for line in wrapper.wrap(text)]


def _rereading(facts: Facts) -> str:
    """Return what was done because moments were not precise enough, or not asked for."""
    condition = f" (condition number {facts.condition:.1e})" if math.isfinite(facts.condition) else ""
    return f"rows read {facts.again + 1} times, exact residuals{condition}"


def _data(facts: Facts) -> list[str]:
    dropped = sum(facts.dropped.values())
    causes = ", ".join(f"{rows} {cause}" for cause, rows in facts.dropped.items())
    weights = f"; weights sum to {facts.weight:.6g}" if facts.weighted else ""
    text = f"data  {count(facts.read, 'row')} read, {facts.used} used, {dropped} dropped"
    lines = [text + (f" ({causes})" if causes else "") + weights]
    if facts.of is not None:
        share = f"stopped after {100 * facts.read / facts.of:.3g}% of {facts.of} rows, in random order"
        lines.append(f"{INDENT}{share}: intervals allow for that")
    return lines
