"""Several tables of the same columns, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from steepest.cells import Cells
from steepest.columns import NUMBERS, Fingerprint, Place, Slab, Table
from steepest.errors import InputError, listed


class Several:
    """Tables that have the same columns, in whatever order; rows are found by the table and the row in it.

    Raises
    ------
    InputError
        If columns are missing in a table, or are of another kind.
    """

    def __init__(self, label: str, tables: Sequence[Table]) -> None:
        self.label, self._tables = label, tables
        self.kinds: Mapping[str, str] = dict(tables[0].kinds)
        for table in tables[1:]:
            self._compare(table)
        known = [table.rows for table in tables]
        self.rows = None if None in known else sum(rows or 0 for rows in known)

    @property
    def repeatable(self) -> bool:
        return all(table.repeatable for table in self._tables)

    def slabs(self, names: Sequence[str], text: Sequence[str] = ()) -> Iterable[Slab]:
        slabs = [(table.label, table.slabs(names, text)) for table in self._tables]
        labelled = (partial(_labelled, label, slab) for label, each in slabs for slab in each)
        return list(labelled) if all(isinstance(each, Sequence) for _, each in slabs) else labelled

    def fingerprint(self) -> Fingerprint:
        facts = (table.fingerprint().items() for table in self._tables)
        return {f"{name} ({number})": value for number, each in enumerate(facts, 1) for name, value in each}

    def changes(self) -> list[str]:
        return [name for table in self._tables for name in table.changes()]

    def excerpt(self, name: str) -> tuple[str, ...]:
        return self._tables[0].excerpt(name)

    def witness(self, name: str) -> tuple[str, ...]:
        return self._first_odd(name).witness(name)

    def nulls(self, names: Sequence[str]) -> Cells:
        total = Cells.none(names)
        for table in self._tables:
            cells = table.nulls(names)
            first = tuple(place and f"{table.label}, {place}" for place in cells.first)
            total += replace(cells, first=first)
        return total

    def remedy(self, name: str) -> str:
        return self._first_odd(name).remedy(name)

    def _first_odd(self, name: str) -> Table:
        return next((table for table in self._tables if table.kinds[name] not in NUMBERS), self._tables[0])

    def _compare(self, table: Table) -> None:
        first = self._tables[0]
        lacking = [name for name in first.kinds if name not in table.kinds]
        spare = [name for name in table.kinds if name not in first.kinds]
        if lacking or spare:
            word, names = ("no", lacking) if lacking else ("a", spare)
            what = f"has {word} column {listed(map(repr, names))}, unlike {first.label}"
            raise InputError(table.label, what, "Read files of the same columns together", code="columns")
        for name, kind in table.kinds.items():
            known = self.kinds[name]
            if "empty" not in (kind, known) and kind != known and not {kind, known} <= {*NUMBERS}:
                what = f"column {name!r} holds {kind}, and {known} in {first.label}"
                raise InputError(table.label, what, "Read files of the same kinds together", code="columns")
            seen = {kind, known} - {"empty"} or {"empty"}
            self.kinds = {**self.kinds, name: "number" if len(seen) > 1 else seen.pop()}


def _labelled(label: str, slab: Slab) -> Iterator[tuple[Any, Place]]:
    for batch, place in slab():
        yield batch, partial(_place, label, place)


def _place(label: str, place: Callable[[int], str], row: int) -> str:
    return f"{label}, {place(row)}"
