"""Formulas such as ``y ~ a + b + a:b + C(city) + poly(x, 3) - 1``: a small grammar, in which nothing is run.

    formula := column "~" sum
    sum     := ["-"] product (("+" | "-") product)*
    product := chain ("*" chain)*
    chain   := factor (":" factor)*
    factor  := column | "C(" column ")" | "poly(" column "," degree ")" | "days(" column ")" | "." | "0" | "1"

``a:b`` is the product of two terms, and ``a*b`` stands for ``a + b + a:b``; ``.`` for all other columns;
``- 1`` leaves the intercept out, and ``- term`` that term. Names that are no words stand in backquotes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from steepest.errors import InputError

MOST_POWERS, MOST_SIDES = 30, 8
REST = "."

TOKEN = re.compile(r"\s*(?:`([^`]+)`|([^\W\d]\w*(?:\.\w+)*)|(\d+)|([~+\-*:(),.]))")


@dataclass(frozen=True, slots=True)
class Factor:
    """One column of the table, and how it is coded: ``numeric``, ``category``, ``powers`` or ``days``."""

    kind: str
    column: str
    degree: int = 1


Term = tuple[Factor, ...]
"""The factors whose product is a term."""


@dataclass(frozen=True, slots=True)
class Formula:
    """What a formula says.

    Attributes
    ----------
    target : str
    terms : tuple of Term
    intercept : bool
    """

    target: str
    terms: tuple[Term, ...]
    intercept: bool


FUNCTIONS = {"C": "category", "poly": "powers", "days": "days"}
"""Codings by the name that formulas give them: the only registry."""


def parse(text: str) -> Formula:
    """Return what a formula says; raise `InputError` showing where it cannot be understood."""
    return _Parser(text).formula()


class _Parser:
    def __init__(self, text: str) -> None:
        self._text, self._at, self._tokens = text, 0, list[tuple[str, str, int]]()
        place = 0
        while text[place:].strip():
            found = TOKEN.match(text, place)
            if found is None:
                raise self._error(place, "cannot be read from here")
            kind = ("name", "name", "number", "sign")[(found.lastindex or 1) - 1]
            self._tokens.append((kind, found[found.lastindex or 1], found.start(found.lastindex or 1)))
            place = found.end()

    def formula(self) -> Formula:
        target = self._name()
        self._expect("~")
        terms, intercept = dict[frozenset[Factor], Term](), True
        adding = self._take("-") is None
        while True:
            start = self._place()
            for term in self._product():
                if term == ():
                    intercept = adding == (self._tokens[self._at - 1][1] == "1")
                elif adding:
                    terms.setdefault(frozenset(term), term)
                elif terms.pop(frozenset(term), None) is None:
                    raise self._error(start, "takes away what is not there")
            sign = self._take("+", "-")
            if sign is None:
                break
            adding = sign == "+"
        if self._at < len(self._tokens):
            raise self._error(self._place(), "goes on where it should end")
        return Formula(target, tuple(terms.values()), intercept)

    def _product(self) -> list[Term]:
        start, sides = self._place(), [self._chain()]
        while self._take("*"):
            sides.append(self._chain())
        if len(sides) > 1 and () in sides:
            raise self._error(start, "multiplies by the intercept")
        if len(sides) > MOST_SIDES:
            raise self._error(start, f"multiplies more than {MOST_SIDES} terms")
        some = (each for size in range(1, len(sides) + 1) for each in combinations(sides, size))
        return [tuple(dict.fromkeys(sum(each, ()))) for each in some]

    def _chain(self) -> Term:
        start, factors = self._place(), [self._factor()]
        while self._take(":"):
            factors.append(self._factor())
        if len(factors) > 1 and () in factors:
            raise self._error(start, "multiplies by the intercept")
        return tuple(dict.fromkeys(sum(factors, ())))

    def _factor(self) -> Term:
        kind, word, place = self._next()
        if kind == "number" and word in ("0", "1"):
            return ()
        if word == REST and kind == "sign":
            return (Factor("numeric", REST),)
        if kind != "name":
            raise self._error(place, "lacks the name of a column")
        if not self._take("("):
            return (Factor("numeric", word),)
        if word not in FUNCTIONS:
            raise self._error(
                place, f"knows no {word}(); it knows {', '.join(f'{name}()' for name in FUNCTIONS)}"
            )
        column, degree = self._name(), 1
        if word == "poly":
            self._expect(",")
            kind, number, place = self._next()
            degree = int(number) if kind == "number" and len(number) < 4 else 0
            if not 1 <= degree <= MOST_POWERS:
                raise self._error(place, f"lacks a degree between 1 and {MOST_POWERS}")
        self._expect(")")
        return (Factor(FUNCTIONS[word], column, degree),)

    def _name(self) -> str:
        kind, word, place = self._next()
        if kind != "name":
            raise self._error(place, "lacks the name of a column")
        return word

    def _next(self) -> tuple[str, str, int]:
        if self._at == len(self._tokens):
            raise self._error(len(self._text), "ends too early")
        self._at += 1
        return self._tokens[self._at - 1]

    def _take(self, *signs: str) -> str | None:
        if self._at < len(self._tokens):
            kind, word, _ = self._tokens[self._at]
            if kind == "sign" and word in signs:
                self._at += 1
                return word
        return None

    def _expect(self, sign: str) -> None:
        if not self._take(sign):
            raise self._error(self._place(), f'lacks "{sign}"')

    def _place(self) -> int:
        return self._tokens[self._at][2] if self._at < len(self._tokens) else len(self._text)

    def _error(self, place: int, what: str) -> InputError:
        shown = (f"       {self._text}", f"       {' ' * place}^")
        fix = 'Write it like "y ~ a + b + a:b + C(city) + poly(x, 3) - 1"'
        return InputError("formula", f"{what}, at character {place + 1}", fix, code="formula", excerpt=shown)


def of_names(target: str, numeric: Sequence[str], categorical: Sequence[str]) -> Formula:
    """Return the formula that adds columns up, some of them levels, in the order of `numeric`."""
    kinds = dict.fromkeys(categorical, "category")
    return Formula(target, tuple((Factor(kinds.get(name, "numeric"), name),) for name in numeric), True)
