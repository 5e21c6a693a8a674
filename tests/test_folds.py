"""Rows in sets that are told apart, and who is held out when."""

import numpy as np
import pytest
from sklearn.model_selection import KFold

from steepest.chunk import Chunk, Labels
from steepest.errors import InputError
from steepest.folds import (
    MOST_SETS,
    Apart,
    Dealt,
    Split,
    check_folds,
    contiguous,
    each_held_out,
    past_and_next,
    told_apart,
    total_of,
    training,
    weighing,
)
from steepest.moments import Moments
from steepest.sources.arrays import Arrays


def chunk(codes, names=None, seed=0, weights=None):
    rng = np.random.default_rng(seed)
    labels = Labels(np.asarray(codes), names or range(max(codes) + 1))
    table = rng.normal(size=(len(codes), 3)) + 1e6
    return Chunk((table,), ("a", "b", "y"), weights, labels=labels)


def assert_same(ours, theirs):
    assert (ours.rows, ours.weight) == (theirs.rows, pytest.approx(theirs.weight, rel=1e-14))
    mean, expected = ((m.mean + m.mean_low) * m.unit for m in (ours, theirs))
    np.testing.assert_allclose(mean, expected, rtol=1e-14)
    scatter, expected = (m.scatter * np.outer(m.unit, m.unit) * m.weight_unit for m in (ours, theirs))
    np.testing.assert_allclose(scatter, expected, rtol=1e-12, atol=1e-12 * np.abs(expected).max())


@pytest.mark.parametrize("codes", [[0, 0, 1, 1, 1, 2, 2, 2], [2, 0, 1, 2, 0, 1, 2, 0] * 5])
@pytest.mark.parametrize("weighted", [False, True])
def test_moments_of_each_set_are_those_of_its_rows_alone(codes, weighted):
    w = np.random.default_rng(1).uniform(0.5, 2, len(codes)) if weighted else None
    rows = chunk(codes, ("x", "y", "z"), weights=w)
    apart = Apart.of(rows).sets
    assert sorted(apart) == ["x", "y", "z"]
    for code, name in enumerate("xyz"):
        at = np.array(codes) == code
        table = rows.parts[0][at]
        assert_same(apart[name], Moments.of(Chunk((table,), rows.names, None if w is None else w[at])))


def test_the_same_names_add_whatever_their_codes():
    one, two = chunk([0, 1], ("a", "b")), chunk([0, 1, 1], ("b", "c"), seed=1)
    both = (Apart.of(one) + Apart.of(two)).sets
    assert {name: moments.rows for name, moments in both.items()} == {"a": 1, "b": 2, "c": 2}


def test_sets_beyond_the_most_are_refused_within_one_chunk_and_over_many():
    most = Apart.of(chunk(range(MOST_SETS)))
    assert len(most.sets) == MOST_SETS
    with pytest.raises(InputError, match=r"folds: the rows are in more than 1000 of them. .*groups="):
        Apart.of(chunk(range(MOST_SETS + 1)))
    with pytest.raises(InputError, match=r"folds: the rows are in more than 1000 of them"):
        most + Apart.of(chunk([0], ("another",)))


def dealt(rows, sets, seed=0, labels=None):
    source = Arrays((np.zeros((rows, 1)),), np.zeros(rows), ("x", "y"), labels=labels)
    chunks = [each for piece in Dealt(source, sets, seed).pieces() for each in piece()]
    return np.concatenate([each.labels.codes for each in chunks])


@pytest.mark.parametrize(("rows", "sets"), [(60, 5), (61, 7), (10, 10), (20_011, 3)])
def test_rows_are_dealt_to_equal_sets_by_chance_and_alike_for_the_same_seed(rows, sets):
    codes = dealt(rows, sets)
    sizes = np.bincount(codes, minlength=sets)
    assert sizes.max() - sizes.min() <= 1 + (rows > 8192)  # an uneven row for every piece
    np.testing.assert_array_equal(dealt(rows, sets), codes)
    assert (dealt(rows, sets, seed=1) != codes).any()


def test_chunks_of_few_rows_leave_no_set_behind():
    rng, many = np.random.default_rng(0), 400
    source = Arrays((np.zeros((many, 1)),), np.zeros(many), ("x", "y"))

    class Crumbs:
        """The rows of a table, three at a time."""

        def pieces(self):
            (whole,) = source.pieces()
            return [lambda at=at: (each.slice(at, at + 3) for each in whole()) for at in range(0, many, 3)]

    chunks = [each for piece in Dealt(Crumbs(), 5, int(rng.integers(9))).pieces() for each in piece()]
    sizes = np.bincount(np.concatenate([each.labels.codes for each in chunks]), minlength=5)
    assert sizes.sum() == many
    assert sizes.min() > 50


@pytest.mark.parametrize("sets", [2, 3, 4, 5, 8])
def test_another_seed_makes_other_sets_of_the_same_groups(sets):
    """Not the same ones under other numbers: 2, 4 and 8 are where a poor hash shows."""
    names = [f"shop {i}" for i in range(100, 200)]
    labels = Labels(np.arange(100), names)
    found = {
        frozenset(frozenset(np.flatnonzero(codes == code).tolist()) for code in range(sets))
        for codes in (dealt(100, sets, seed, labels) for seed in range(8))
    }
    assert len(found) == 8


def test_groups_go_where_their_name_says_whatever_the_order():
    names, rng = [f"g{i}" for i in range(30)], np.random.default_rng(0)
    codes = rng.integers(30, size=500)
    first = dealt(500, 4, labels=Labels(codes, names))
    order = rng.permutation(30)
    again = dealt(500, 4, labels=Labels(np.argsort(order)[codes], [names[i] for i in order]))
    np.testing.assert_array_equal(first, again)
    assert len(set(zip(codes.tolist(), first.tolist(), strict=True))) == len(np.unique(codes))
    assert sorted(set(first.tolist())) == [0, 1, 2, 3]


def test_labels_of_numbers_are_in_the_order_of_their_values():
    assert [split.test for split in each_held_out(["10", "9", "-1", "2.5"])] == [
        ("-1",),
        ("2.5",),
        ("9",),
        ("10",),
    ]
    assert past_and_next(["10", "9", "8"]) == [Split(("8",), ("9",)), Split(("8", "9"), ("10",))]
    assert past_and_next(["2021-02", "2021-10", "2020-12"])[-1] == Split(("2020-12", "2021-02"), ("2021-10",))


def test_neighbouring_rows_are_cut_like_scikit_learn_does():
    for rows, sets in ((10, 3), (11, 4), (5, 5)):
        labels = contiguous(rows, sets)
        for code, (_, test) in enumerate(KFold(sets).split(np.zeros(rows))):
            np.testing.assert_array_equal(np.flatnonzero(labels.codes == code), test)


def test_splits_that_overlap_are_made_of_the_fewest_sets():
    parts = [(np.array([0, 1, 2]), np.array([3])), (np.array([0, 3]), np.array([1, 2]))]
    labels, splits = told_apart(6, parts)
    assert len(labels.names) == 4  # 0; 1 and 2; 3; and the two that are nowhere
    for split, (train, test) in zip(splits, parts, strict=True):
        for half, rows in ((split.train, train), (split.test, test)):
            np.testing.assert_array_equal(np.flatnonzero(np.isin(labels.codes, half)), rows)


def test_masks_are_splits_too():
    even = np.arange(6) % 2 == 0
    labels, splits = told_apart(6, [(even, ~even), (~even, even)])
    assert splits == [Split((split.test[0],), (split.train[0],)) for split in splits[::-1]]
    np.testing.assert_array_equal(np.isin(labels.codes, splits[0].train), even)


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ([], "it has no splits"),
        ([([0, 1], [1, 2])], "holds out rows that it learns from"),
        ([([0, 1], [])], "or none"),
        ([([], [0, 1])], "or none"),
        ([(np.ones(3, bool), np.zeros(3, bool))], "or none"),
    ],
)
def test_splits_that_cannot_be_are_refused(parts, message):
    with pytest.raises(InputError, match=f"cv: .*{message}"):
        told_apart(
            3,
            [
                tuple(np.asarray(half, int if isinstance(half, list) else bool) for half in part)
                for part in parts
            ],
        )


@pytest.mark.parametrize("cv", [1, 0, -1, True, 2.0, "5", None, MOST_SETS + 1])
def test_numbers_of_folds_that_cannot_be_are_refused(cv):
    with pytest.raises(InputError, match=r"cv: got .*\. Pass "):
        check_folds(cv, None)


def test_more_folds_than_rows_are_refused():
    check_folds(5, 5)
    with pytest.raises(InputError, match=r"cv: 4 sample\(s\) make no 5 folds. Pass no more folds than rows"):
        check_folds(5, 4)


@pytest.mark.parametrize("splits", ["each", "past", "two of three"])
def test_what_a_split_learns_from_is_the_sum_of_its_sets(splits):
    apart = Apart.of(chunk([0] * 5 + [1] * 4 + [2] * 7 + [3] * 3)).sets
    asked = {
        "each": each_held_out(apart),
        "past": past_and_next(apart),
        "two of three": [Split((0, 1), (2,)), Split((0, 2), (1,)), Split((1, 2), (0,))],
    }[splits]
    for split, moments in zip(asked, training(apart, asked), strict=True):
        assert_same(moments, total_of(apart, split.train))
        assert moments.rows == sum(apart[name].rows for name in split.train)


def test_sets_without_weight_leave_the_splits():
    apart = Apart.of(chunk([0, 1])).sets
    assert weighing([Split((0, 2), (1,))], apart) == [Split((0,), (1,))]
    for lost in (Split((2,), (1,)), Split((0, 1), (2,))):
        with pytest.raises(
            InputError, match="cv: all rows that a split learns from, or holds out, have weight"
        ):
            weighing([lost], apart)
