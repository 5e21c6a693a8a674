"""Rows in sets that are told apart: their moments, from one pass, and who is held out when."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from hashlib import blake2b
from itertools import accumulate, pairwise
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from steepest.checks import is_whole
from steepest.chunk import Chunk, Labels, Piece
from steepest.errors import InputError, count
from steepest.moments import Moments
from steepest.sources.base import Source
from steepest.thin import Thin

Name = str | int

MOST_SETS = 1000
"""Sets of rows whose moments are kept apart."""

RUNS = 4
"""Rows are looked at, and not copied, where a chunk has no more than so many runs for each of its sets."""


@dataclass(frozen=True, slots=True)
class Apart:
    """Moments of some rows, one for every set of them.

    Attributes
    ----------
    sets : mapping of label to Moments
    """

    sets: Mapping[Name, Moments]
    kind: ClassVar[type[Moments]] = Moments

    @classmethod
    def of(cls, chunk: Chunk) -> Self:
        """Gather the moments of a chunk whose rows have labels."""
        labels = chunk.labels
        if labels is None or not chunk.rows:
            return cls({})
        edges = [0, *(np.flatnonzero(np.diff(labels.codes)) + 1).tolist(), chunk.rows]
        present = np.unique(labels.codes).tolist()
        _refuse_many(len(present))
        if len(edges) - 1 <= RUNS * len(present):
            runs = pairwise(edges)
            found = ((int(labels.codes[a]), cls.kind.of(chunk.slice(a, b))) for a, b in runs)
        else:
            found = (
                (code, cls.kind.of(chunk.take(np.flatnonzero(labels.codes == code)))) for code in present
            )
        return cls(_together((labels.names[code], moments) for code, moments in found))

    def __add__(self, other: Apart) -> Apart:
        both = _together([*self.sets.items(), *other.sets.items()])
        _refuse_many(len(both))
        return replace(self, sets=both)


class ThinApart(Apart):
    """The same, keeping the rows themselves."""

    kind = Thin


def _refuse_many(sets: int) -> None:
    if sets > MOST_SETS:
        what = f"the rows are in more than {MOST_SETS} of them"
        raise InputError("folds", what, "Deal the rows to fewer: groups=, or GroupKFold")


def _together(found: Iterable[tuple[Name, Moments]]) -> dict[Name, Moments]:
    sums: dict[Name, Moments] = {}
    for name, moments in found:
        sums[name] = sums[name] + moments if name in sums else moments
    return sums


@dataclass(frozen=True, slots=True)
class Dealt:
    """A source whose rows are dealt to sets: at random, or by the labels that they have.

    Rows with the same label are dealt to the same set, whatever the order in which they come. Without labels
    the rows of a chunk are dealt one by one, so that all sets are equally large.

    Attributes
    ----------
    source : Source
    sets : int
    seed : int
    """

    source: Source
    sets: int
    seed: int = 0

    def pieces(self) -> Iterable[Piece]:
        pieces = self.source.pieces()
        dealt = (partial(self._dealt, number, piece) for number, piece in enumerate(pieces))
        return list(dealt) if isinstance(pieces, Sequence) else dealt

    def _dealt(self, number: int, piece: Piece) -> Iterator[Chunk]:
        rng = np.random.default_rng([self.seed, number])
        for chunk in piece():
            if chunk.labels is None:
                codes = (rng.permutation(chunk.rows) + rng.integers(self.sets)) % self.sets
            else:
                codes = self._hashed(chunk.labels.names)[chunk.labels.codes]
            yield replace(chunk, labels=Labels(codes, range(self.sets)))

    def _hashed(self, names: Sequence[Name]) -> NDArray[np.intp]:
        texts = (f"{self.seed}:{name}".encode() for name in names)
        numbers = (int.from_bytes(blake2b(text, digest_size=8).digest()) for text in texts)
        return np.fromiter((number % self.sets for number in numbers), np.intp)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.source, name)


@dataclass(frozen=True, slots=True)
class Split:
    """Who learns, and who is held out.

    Attributes
    ----------
    train, test : tuples of labels
    """

    train: tuple[Name, ...]
    test: tuple[Name, ...]


def each_held_out(names: Iterable[Name]) -> list[Split]:
    """Return splits that hold out one set after the other."""
    ordered = _ordered(names)
    return [Split(tuple(other for other in ordered if other != name), (name,)) for name in ordered]


def past_and_next(names: Iterable[Name]) -> list[Split]:
    """Return splits that learn from all sets before one, in the order of their labels, and hold out that."""
    ordered = _ordered(names)
    return [Split(tuple(ordered[:at]), (ordered[at],)) for at in range(1, len(ordered))]


def _ordered(names: Iterable[Name]) -> list[Name]:
    """Return labels in order, those of numbers by their value."""
    found = list(names)
    try:
        return sorted(found, key=float)
    except ValueError:
        return sorted(found, key=str)


def contiguous(rows: int, sets: int) -> Labels:
    """Return labels that cut rows into neighbouring sets, as equal as can be, the first the largest."""
    small, more = divmod(rows, sets)
    sizes = np.full(sets, small) + (np.arange(sets) < more)
    return Labels(np.repeat(np.arange(sets), sizes), range(sets))


def told_apart(
    rows: int, parts: Iterable[tuple[NDArray[np.intp], NDArray[np.intp]]]
) -> tuple[Labels, list[Split]]:
    """Return the fewest sets of rows that make up all parts, and the parts as splits of them.

    Parameters
    ----------
    rows : int
    parts : iterable of (train, test)
        Positions of rows, as scikit-learn's splitters yield them; a row that is there twice counts once.

    Raises
    ------
    InputError
        If there are no parts, a row is in both halves of one, or there are too many sets.
    """
    roles = list[NDArray[np.int8]]()
    for train, test in parts:
        role = np.zeros(rows, np.int8)
        role[train] = 1
        twice = (role[test] == 1).any()
        role[test] = 2
        if twice or not {1, 2} <= {*np.unique(role).tolist()}:
            raise InputError(
                "cv", "a split holds out rows that it learns from, or none", "Pass disjoint rows"
            )
        roles.append(role)
    if not roles:
        raise InputError("cv", "it has no splits", "Pass a number of folds, a splitter or some splits")
    kinds, codes = np.unique(np.column_stack(roles), axis=0, return_inverse=True)
    if len(kinds) > MOST_SETS:
        what = f"its splits cut the rows into {len(kinds)} sets, more than {MOST_SETS}"
        raise InputError("cv", what, "Pass fewer, or those that hold out each row once")
    splits = [
        Split(*(tuple(np.flatnonzero(column == half).tolist()) for half in (1, 2))) for column in kinds.T
    ]
    return Labels(codes.ravel(), range(len(kinds))), splits


def refuse_few(splits: Sequence[Split]) -> None:
    """Raise `InputError` for fewer splits than a standard error takes."""
    if len(splits) < 2:
        what = f"{count(len(splits), 'split')} cannot tell how far the error itself is off"
        fix = "Pass two folds or more, three if they are ordered; name those of few groups: folds"
        raise InputError("cv", what, fix)


def weighing(splits: Iterable[Split], apart: Mapping[Name, Moments]) -> list[Split]:
    """Return splits without the sets of which no row has a weight; raise `InputError` if nothing is left."""
    found = [
        Split(*(tuple(name for name in half if name in apart) for half in (each.train, each.test)))
        for each in splits
    ]
    if not all(each.train and each.test for each in found):
        what = "all rows that a split learns from, or holds out, have weight zero"
        raise InputError("cv", what, "Leave it out, or weigh its rows")
    return found


def check_folds(cv: int, rows: int | None) -> None:
    """Raise `InputError` for a number of folds that cannot be."""
    if not is_whole(cv, 2):
        raise InputError("cv", f"got {cv!r}", "Pass a whole number of folds, 2 or more")
    if cv > MOST_SETS:
        raise InputError("cv", f"got {cv}", f"Pass no more than {MOST_SETS} folds")
    if rows is not None and cv > rows:
        raise InputError("cv", f"{rows} sample(s) make no {cv} folds", "Pass no more folds than rows")


def training(apart: Mapping[Name, Moments], splits: Sequence[Split]) -> list[Moments]:
    """Return what every split learns from: sums that are shared where one set after the other is held out."""
    names = list(apart)
    alone = [set(names) - set(split.train) for split in splits]
    if len(splits) < 3 or any(len(left) != 1 for left in alone):
        return [total_of(apart, split.train) for split in splits]
    before = [None, *accumulate(apart[name] for name in names)]
    after = [*list(accumulate(apart[name] for name in reversed(names)))[::-1], None]
    without: dict[Name, Moments] = {}
    for at, name in enumerate(names):
        a, b = before[at], after[at + 1]
        without[name] = b if a is None else a if b is None else a + b  # pyright: ignore
    return [without[left.pop()] for left in alone]


def total_of(apart: Mapping[Name, Moments], names: Iterable[Name]) -> Moments:
    """Return the moments of some sets together."""
    first, *rest = (apart[name] for name in names)
    return sum(rest, first)
