"""What the columns of a table mean, learnt before a row is read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from itertools import chain

from steepest.codings import Category, Coding, Days, Interaction, Numeric, Powers, as_text, compute
from steepest.columns import Columns, Table, refuse_kinds
from steepest.errors import InputError, InputTypeError, closest, listed
from steepest.formula import REST, Factor, Formula, Term, of_names

MOST_LEVELS = 10_000

LEVELS = ("text", "categories", "number", "boolean", "empty", "dates", "times")
"""Kinds of columns whose values can be levels."""


def learn(
    table: Table,
    *,
    target: str | None = None,
    features: Sequence[str] | None = None,
    exclude: Sequence[str] = (),
    weights: str | None = None,
    labels: str | None = None,
    categorical: Sequence[str] = (),
    missing: str = "error",
    formula: Formula | None = None,
    watch: Callable[[int], None] | None = None,
) -> Columns:
    """Learn what the columns of a table mean, before a row is read.

    Parameters
    ----------
    table : Table
    target : str
    features : sequence of str, optional
        All other columns in their order, if left out.
    exclude : sequence of str
        Columns that are no features.
    weights : str, optional
    labels : str, optional
        The column that says which set of rows each belongs to; it is no feature.
    categorical : sequence of str
        Features that are levels, not numbers; the table is read once to learn them.
    missing : {"error", "drop"}
    formula : Formula, optional
        Instead of target, features, exclude and categorical.
    watch : callable, optional
        Told how many rows have been read to learn levels.

    Raises
    ------
    InputError
        If a name is unknown, occurs twice, or has two meanings.
    InputTypeError
        If a column holds text or dates.
    """
    if missing not in ("error", "drop"):
        raise InputError("missing", f"got {missing!r}", 'Pass "error" or "drop"')
    aside = [name for name in (weights, labels) if name is not None]
    if formula is None:
        formula = _named(table, target, features, exclude, aside, categorical)
    elif target is not None or features is not None or exclude or categorical:
        what, fix = "says itself what the target and the features are", "Pass the formula alone"
        raise InputError("formula", what, fix, code="formula")
    else:
        formula = _spelt_out(table, formula, aside)
    factors = dict.fromkeys(factor for term in formula.terms for factor in term)
    refuse_kinds(
        table,
        [formula.target],
        what="the target",
        fix="Choose a column of numbers; levels are classified, not fitted",
    )
    numbers = [factor.column for factor in factors if factor.kind in ("numeric", "powers")]
    refuse_kinds(table, numbers if weights is None else [*numbers, weights])
    refuse_kinds(table, [] if labels is None else [labels], LEVELS, fix="Name another column")
    if missing == "error":
        needed = [*numbers, formula.target, *aside]
        cells = table.nulls(list(dict.fromkeys(needed)))
        if cells.missing.any():
            raise cells.error(remedy=', or pass missing="drop"')
    refuse_kinds(
        table,
        [factor.column for factor in factors if factor.kind == "category"],
        LEVELS,
        fix="Leave it out",
    )
    levels = _levels(table, [factor.column for factor in factors if factor.kind == "category"], watch)
    codings = tuple(_coding(table, term, levels) for term in formula.terms)
    _refuse_twins(codings)
    return Columns(formula.target, codings, weights, missing, labels)


def _named(
    table: Table,
    target: str | None,
    features: Sequence[str] | None,
    exclude: Sequence[str],
    aside: Sequence[str],
    categorical: Sequence[str],
) -> Formula:
    """Return the formula that columns make by their names."""
    for argument, names in {"features": features, "exclude": exclude, "categorical": categorical}.items():
        if isinstance(names, str) or not (names is None or isinstance(names, Iterable)):
            raise InputTypeError(argument, f"got {names!r}", "Pass a list of column names")
    if target is None:
        raise InputError("target", "there is none", "Name the column to explain, or pass a formula")
    exclude, categorical = expanded(exclude, table.kinds), expanded(categorical, table.kinds)
    if features is not None:
        features = expanded(features, table.kinds, without=(target, *aside, *exclude))
    _refuse_unknown(table, [target, *(features or ()), *exclude, *categorical, *aside])
    taken = {target, *aside, *exclude}
    chosen = [name for name in table.kinds if name not in taken] if features is None else list(features)
    used = [*chosen, target, *aside]
    twice = sorted({*_repeated(used)} | {*chosen} & {*exclude})
    if twice:
        what = f"{listed(map(repr, twice))} would have two meanings"
        raise InputError("features", what, "Name every column once", code="columns")
    stray = [name for name in categorical if name not in chosen]
    if stray:
        what = f"{listed(map(repr, stray))} is no feature"
        raise InputError("categorical", what, "Choose from the features", code="columns")
    if not chosen and features is None and not exclude:
        what = f"there is no column beside the target {target!r}"
        raise InputError(table.label, what, "Pass features=[] for a mean alone", code="columns")
    return of_names(target, chosen, categorical)


def _spelt_out(table: Table, formula: Formula, aside: Sequence[str]) -> Formula:
    """Return a formula in which names stand for all other columns, after checking all names."""
    named = [factor.column for term in formula.terms for factor in term if factor.column != REST]
    _refuse_unknown(table, [formula.target, *named, *aside])
    if formula.target in named:
        what = f"{formula.target!r} is on both sides"
        raise InputError("formula", what, "Explain it by other columns", code="formula")
    if formula.target in aside:
        what = f"{formula.target!r} would have two meanings"
        raise InputError("formula", what, "Explain another column", code="formula")
    taken = {formula.target, *aside, *named}
    rest = [Factor("numeric", name) for name in table.kinds if name not in taken]
    terms = list[Term]()
    for term in formula.terms:
        whole = term == (Factor("numeric", REST),)
        if not whole and any(factor.column == REST for factor in term):
            raise InputError("formula", "multiplies by all columns", "Name the columns", code="formula")
        terms += [(factor,) for factor in rest] if whole else [term]
    for term in terms:
        _refuse_lacking(terms, term)
        if not formula.intercept and len(term) == 1 and term[0].kind == "category":
            what = f"without an intercept the baseline of {term[0].column!r} would be 0"
            raise InputError("formula", what, "Keep the intercept", code="formula")
    return replace(formula, terms=tuple(terms))


def _refuse_lacking(terms: Sequence[Term], term: Term) -> None:
    """Raise `InputError` if levels multiply what is no term by itself: their baseline would lack it."""
    for factor in term:
        rest = tuple(each for each in term if each != factor)
        known = {frozenset(each) for each in terms}
        if factor.kind == "category" and rest and frozenset(rest) not in known:
            lacking, whole = (":".join(each.column for each in some) for some in (rest, term))
            what = f"{whole} without {lacking} says that the baseline of {factor.column!r} has no {lacking}"
            raise InputError("formula", what, f"Add {lacking}", code="formula")


def _refuse_unknown(table: Table, names: Sequence[str]) -> None:
    for name in names:
        if not isinstance(name, str):
            raise InputTypeError("columns", f"{name!r} is no name", "Name columns by text")
        if name not in table.kinds:
            raise _unknown(table, name)


def _coding(table: Table, term: Term, levels: dict[str, tuple[str, ...]]) -> Coding:
    """Return the coding of a term."""
    codings = tuple(_simple(table, factor, levels) for factor in term)
    return codings[0] if len(codings) == 1 else Interaction(codings)


def _simple(table: Table, factor: Factor, levels: dict[str, tuple[str, ...]]) -> Coding:
    name = factor.column
    if factor.kind == "days":
        refuse_kinds(table, [name], ("dates",), fix="Use it as it is")
        return Days(name)
    if factor.kind == "category":
        return Category(name, levels[name])
    return Powers(name, factor.degree) if factor.kind == "powers" else Numeric(name)


def _refuse_twins(codings: Sequence[Coding]) -> None:
    twice = _repeated(name for coding in codings for name in coding.names)
    if twice:
        what, fix = f"{listed(map(repr, twice))} occurs twice", "Take one of them out"
        raise InputError("formula", what, fix, code="formula")


def expanded(
    names: Sequence[str], known: Iterable[str], without: Sequence[str | None] = ()
) -> tuple[str, ...]:
    """Return names of columns, with patterns (``lag_*``) replaced by the columns that they match."""
    columns, found = list(known), list[str]()
    for name in names:
        if name in columns or not isinstance(name, str):
            found.append(name)
            continue
        matching = [each for each in columns if fnmatchcase(each, name) and each not in without]
        found += [each for each in matching if each not in found] or [name]
    return tuple(found)


def _repeated(names: Iterable[str]) -> list[str]:
    return sorted(name for name, times in Counter(names).items() if times > 1)


def _levels(
    table: Table, names: Sequence[str], watch: Callable[[int], None] | None
) -> dict[str, tuple[str, ...]]:
    """Read a table once to learn the levels of some columns."""
    pc, rows = compute(), 0
    if not names:
        return {}
    if not table.repeatable:
        what = f"levels of {listed(map(repr, names))} take a pass of their own, but it can be read only once"
        raise InputError(table.label, what, "Pass a table, or a file")
    found: dict[str, set[str]] = {name: set() for name in names}
    for batch, _ in chain.from_iterable(slab() for slab in table.slabs(list(names), list(names))):
        rows += batch.num_rows
        for name, levels in found.items():
            levels.update(as_text(pc.unique(batch.column(name))).drop_null().to_pylist())
            if len(levels) > MOST_LEVELS:
                what, fix = f"it has more than {MOST_LEVELS} levels", "Leave it out, or group its levels"
                raise InputError(f"column {name!r}", what, fix, code="levels")
        if watch is not None:
            watch(rows)
    return {name: tuple(sorted(levels)) for name, levels in found.items()}


def _unknown(table: Table, name: str) -> InputError:
    meant = closest(name, table.kinds)
    known = listed(table.kinds)
    return InputError(
        table.label,
        f'no column "{name}"',
        f'Did you mean "{meant}"? The columns are {known}' if meant else f"The columns are {known}",
        code="unknown-column",
        excerpt=table.excerpt(meant) if meant else (),
        replace=(name, meant) if meant else None,
    )
