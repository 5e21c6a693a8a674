"""One pass, several folds, the same bits for any number of threads."""

import os
from dataclasses import dataclass

import numpy as np
import pytest

from steepest.chunk import Chunk, Counts
from steepest.engines.local import fold
from steepest.engines.tree import Tree
from steepest.moments import Moments
from steepest.sources.arrays import Arrays


@dataclass(frozen=True)
class Order:
    """A fold that remembers how it was merged."""

    tree: str

    @classmethod
    def of(cls, chunk: Chunk):
        return cls(str(chunk.first_row // 131_072))

    def __add__(self, other):
        return Order(f"({self.tree}{other.tree})")


def rows(n, p=3):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, p))
    return Arrays((X,), X.sum(axis=1) + rng.normal(size=n), (*(f"x{j}" for j in range(p)), "y"))


def test_several_folds_share_one_pass():
    source = rows(200_000)
    moments, counts = fold(source, Moments, Counts)
    assert moments.rows == counts.used == counts.read == 200_000


@pytest.mark.parametrize(
    ("pieces", "tree"), [(1, "0"), (3, "((01)2)"), (4, "((01)(23))"), (6, "(((01)(23))(45))")]
)
def test_chunks_merge_in_a_fixed_tree(pieces, tree):
    (order,) = fold(rows(pieces * 131_072), Order)
    assert order.tree == tree


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_threads_change_no_bit(monkeypatch, threads):
    source = rows(300_000, 12)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: range(threads), raising=False)
    (moments,) = fold(source, Moments)
    from threadpoolctl import threadpool_limits

    tree = Tree()
    with threadpool_limits(1):
        for piece in source.pieces():
            (chunk,) = piece()
            tree.add((Moments.of(chunk),), chunk.rows)
    (serial,) = tree.total()
    np.testing.assert_array_equal(moments.scatter, serial.scatter)
    np.testing.assert_array_equal(moments.mean_low, serial.mean_low)


def test_errors_of_threads_come_out():
    source = rows(300_000, 12)
    source.parts[0][250_000, 3] = np.nan
    with pytest.raises(ValueError, match="first at row 250000"):
        fold(source, Moments)


def test_every_piece_is_watched():
    seen = []
    fold(rows(500_000), Moments, watch=lambda tree: seen.append((tree.pieces, tree.rows)))
    assert seen == [(1, 131_072), (2, 262_144), (3, 393_216), (4, 500_000)]


def test_who_watches_may_end_the_pass():
    (moments,) = fold(rows(1_000_000), Moments, watch=lambda tree: tree.pieces == 3)
    assert moments.rows == 3 * 131_072


@pytest.mark.parametrize("most", [2, 4, 64])
@pytest.mark.parametrize("pieces", [1, 2, 3, 7, 64, 65, 100, 200])
def test_groups_kept_apart_change_no_merge(most, pieces):
    tree, plain = Tree(most), Tree()
    for piece in range(pieces):
        tree.add((Order(f".{piece}"),), 1)
        plain.add((Order(f".{piece}"),), 1)
    assert tree.total() == plain.total()
    assert tree.pieces == pieces
    assert len(tree.groups()) <= most


def test_a_pass_is_taken_up_where_it_was_left():
    source, tree = rows(700_000), Tree(64)
    fold(source, Moments, watch=lambda done: done.pieces == 4, tree=tree)
    (resumed,), (whole,) = fold(source, Moments, tree=tree), fold(source, Moments)
    np.testing.assert_array_equal(resumed.scatter, whole.scatter)
    np.testing.assert_array_equal(resumed.mean_low, whole.mean_low)
    assert resumed.rows == tree.rows == 700_000


def test_no_chunks_are_no_rows():
    class Nothing(Arrays):
        def pieces(self):
            return iter(())

    moments, counts = fold(Nothing((np.ones((0, 2)),), np.ones(0), ("a", "b", "y")), Moments, Counts)
    assert (moments.rows, moments.p, counts.read) == (0, 2, 0)
