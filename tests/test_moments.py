"""Moments are a commutative monoid; and what happens to data must happen to them."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steepest import LinearRegression, Moments
from steepest.chunk import Chunk
from steepest.errors import InputError

pytestmark = pytest.mark.usefixtures("way")

settings.register_profile("suite", deadline=None, max_examples=100, derandomize=True)
settings.load_profile("suite")

TIGHT = 1e-12


@st.composite
def tables(draw, least=2):
    """Rows (n, p+1), with weights or None, of mixed scales and offsets."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n, k = draw(st.integers(least, 60)), draw(st.integers(1, 5))
    Z = rng.normal(size=(n, k)) * 10.0 ** draw(st.integers(-9, 9)) + draw(st.sampled_from([0, 1, -3e3, 1e9]))
    if draw(st.booleans()):
        Z[:, draw(st.integers(0, k - 1))] = draw(st.sampled_from([0.0, 0.1, 1e6 + 0.1]))
    weights = rng.integers(1, 9, size=n) * 10.0 ** draw(st.integers(-3, 3)) if draw(st.booleans()) else None
    return Z, weights


def gather(table, rows=slice(None)):
    Z, weights = table
    return Moments.of(Z[rows], None if weights is None else weights[rows])


def assert_same(a, b, within=TIGHT):
    """Equal up to rounding, measured in the spread of the columns."""
    assert (a.rows, a.dropped) == (b.rows, b.dropped)
    assert a.weight * a.weight_unit == pytest.approx(b.weight * b.weight_unit, rel=within)
    assert a.sum_log_weight == pytest.approx(b.sum_log_weight, rel=1e-9, abs=1e-9)
    spread = np.sqrt(np.diag(b.scatter))
    assert (np.abs(a.scatter - b.scatter) <= within * np.outer(spread, spread)).all()
    apart = (a.mean - b.mean) + (a.mean_low - b.mean_low)
    assert (np.abs(apart) * np.sqrt(b.weight) <= within * spread).all()
    np.testing.assert_array_equal(a.minimum, b.minimum)
    np.testing.assert_array_equal(a.maximum, b.maximum)


@given(tables(), st.data())
def test_merging_is_commutative_and_associative(table, data):
    n = len(table[0])
    i, j = sorted(data.draw(st.lists(st.integers(0, n), min_size=2, max_size=2)))
    a, b, c = gather(table, slice(0, i)), gather(table, slice(i, j)), gather(table, slice(j, n))
    assert_same(a + b, b + a)
    assert_same((a + b) + c, a + (b + c))
    assert_same((a + b) + c, gather(table))


@given(tables())
def test_empty_is_the_identity_bit_for_bit(table):
    moments, empty = gather(table), Moments.empty(table[0].shape[1] - 1)
    assert (moments + empty) is moments
    assert (empty + moments) is moments


@given(tables(), st.integers(1, 60), st.randoms(use_true_random=False))
def test_any_partition_gives_the_same_moments(table, pieces, random):
    n = len(table[0])
    labels = np.array([random.randrange(pieces) for _ in range(n)])
    total = Moments.empty(table[0].shape[1] - 1)
    for label in range(pieces):
        total = total + gather(table, labels == label)
    assert_same(total, gather(table))


@given(tables(least=20), st.data())
def test_what_is_subtracted_was_never_there(table, data):
    cut = data.draw(st.integers(5, len(table[0]) - 5))
    rest = gather(table) - gather(table, slice(0, cut))
    never = gather(table, slice(cut, None))
    varies = never.minimum < never.maximum
    assert rest.rows == never.rows
    assert np.isnan(rest.minimum).all()
    spread = np.sqrt(np.diag(gather(table).scatter))
    apart = np.abs(rest.scatter - never.scatter)
    assert (apart[np.ix_(varies, varies)] <= 1e-11 * np.outer(spread, spread)[np.ix_(varies, varies)]).all()


def test_subtraction_counts_the_digits_left_and_refuses_below_six():
    Z = np.random.default_rng(0).normal(size=(1000, 2))
    Z[:10] *= 1e3
    rest = Moments.of(Z) - Moments.of(Z[:10])
    assert 9 < rest.digits < 14
    assert "digits left" in repr(rest)
    Z[:10] *= 1e4
    with pytest.raises(InputError, match=r"would leave .* digits"):
        Moments.of(Z) - Moments.of(Z[:10])
    with pytest.raises(InputError, match="20 rows of weight 20 are no part of 10 rows"):
        Moments.of(Z[:10]) - Moments.of(Z[:20])


def test_an_offset_costs_no_digit():
    """The mean is kept to twice the precision, so that merging at 10^12 + x is as exact as at x."""
    rng = np.random.default_rng(5)
    Z = np.round(rng.normal(size=(4000, 2)) * 2**10) / 2**10
    shifted = Z + 2.0**40
    parts = [Moments.of(shifted[i : i + 100]) for i in range(0, 4000, 100)]
    assert_same(sum(parts[1:], parts[0]), Moments.of(shifted))
    spread = np.sqrt(np.diag(Moments.of(Z).scatter))
    assert (
        np.abs(sum(parts[1:], parts[0]).scatter - Moments.of(Z).scatter) <= 1e-13 * np.outer(spread, spread)
    ).all()


def test_long_sorted_columns_keep_their_digits():
    """One origin for all rows would lose two digits here; pieces with an origin of their own lose none."""
    x = np.sort(np.random.default_rng(0).normal(size=400_000))
    exact = x.astype(np.longdouble)
    variance = ((exact - exact.mean()) ** 2).sum()
    assert float(abs(Moments.of(x[:, None]).scatter[0, 0] - variance) / variance) < 10 * 2.0**-53


@pytest.mark.parametrize(
    "dtype", ["float32", "float16", "int8", "uint8", "int32", "int64", "uint64", "bool", ">f8"]
)
def test_numbers_of_every_type_are_converted_before_any_product(dtype):
    rng = np.random.default_rng(1)
    Z = rng.integers(0, 2 if dtype == "bool" else 120, size=(5000, 3)).astype(dtype)
    assert_same(Moments.of(Z), Moments.of(Z.astype(np.float64)))


def test_integers_beyond_two_to_the_53_are_shifted_before_they_are_converted():
    steps = np.random.default_rng(0).integers(0, 1000, size=500)
    table = np.column_stack([steps + 1_700_000_000_000_000_000, 3 * steps])
    moments = Moments.of(table)
    small = Moments.of(np.column_stack([steps, 3 * steps]))
    np.testing.assert_allclose(moments.scatter, small.scatter, rtol=1e-13)
    exact = Fraction(sum(table[:, 0].tolist()), 500)
    assert abs(Fraction(moments.mean[0]) + Fraction(moments.mean_low[0]) - exact) < 1e-9


def test_one_heavy_row_costs_no_digit():
    """The origin comes from a sample of the rows; where it lies far from the mean they are gathered again."""
    x = np.random.default_rng(0).normal(size=5000)
    weights = np.ones(5000)
    x[1], weights[1] = 1e6, 1e9
    exact, w = x.astype(np.longdouble), weights.astype(np.longdouble)
    mean = (w * exact).sum() / w.sum()
    variance = (w * (exact - mean) ** 2).sum()
    assert float(abs(Moments.of(x[:, None], weights).scatter[0, 0] - variance) / variance) < 1e-14


@pytest.mark.parametrize("power", [-200, -150, 150, 200])
def test_extreme_columns_are_held_in_units_of_a_power_of_two(power):
    Z = np.random.default_rng(0).normal(size=(100, 3))
    factor = 10.0**power
    plain, extreme = Moments.of(Z), Moments.of(Z * [factor, 1, 1])
    assert extreme.unit[0] != 1 or abs(power) < 100
    correlation = plain.scatter[0, 1] / np.sqrt(plain.scatter[0, 0] * plain.scatter[1, 1])
    again = extreme.scatter[0, 1] / np.sqrt(extreme.scatter[0, 0] * extreme.scatter[1, 1])
    assert again == pytest.approx(correlation, rel=1e-12)
    merged = Moments.of(Z[:50] * [factor, 1, 1]) + Moments.of(Z[50:] * [factor, 1, 1])
    assert_same(merged, extreme)


@pytest.mark.parametrize(("bad", "word"), [(np.nan, "missing"), (np.inf, "infinite"), (-np.inf, "infinite")])
def test_cells_that_are_no_numbers_are_named(bad, word):
    Z = np.ones((5000, 3))
    Z[4321, 1] = Z[4500, 1] = bad
    with pytest.raises(InputError, match=rf"'x1': 2 of 5000 values are {word}.*, first at row 4321"):
        Moments.of(Z)


@pytest.mark.parametrize("bad", [-1.0, np.nan, np.inf])
def test_weights_that_cannot_be_are_named(bad):
    with pytest.raises(InputError, match=r"1 of 3 weights .* at row 1"):
        Moments.of(np.ones((3, 2)), [1.0, bad, 1.0])
    with pytest.raises(InputError, match=r"shape is \(2,\) for 3 rows"):
        Moments.of(np.ones((3, 2)), [1.0, 1.0])


def test_rows_of_weight_zero_are_not_there():
    Z = np.random.default_rng(0).normal(size=(10, 2))
    Z[3] = np.nan
    weights = np.ones(10)
    weights[3] = 0
    moments = Moments.of(Z, weights)
    assert (moments.rows, moments.dropped) == (9, 1)
    assert moments.maximum.max() < 10


def test_constant_columns_are_exactly_constant():
    Z = np.column_stack([np.full(3000, 0.1), np.random.default_rng(0).normal(size=3000)])
    parts = [Moments.of(Z[i : i + 7]) for i in range(0, 3000, 7)]
    total = sum(parts[1:], parts[0])
    assert total.scatter[0, 0] == 0
    assert total.mean[0] == 0.1


def test_select_keeps_the_target_last():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(50, 3)), rng.normal(size=50)
    moments = Moments.of(Chunk((X, y), ("a", "b", "c", "y")))
    chosen = moments.select(["c", "a"])
    assert chosen.names == ("c", "a", "y")
    assert_same(chosen, Moments.of(np.column_stack([X[:, [2, 0]], y])))
    with pytest.raises(InputError, match="no feature 'd'"):
        moments.select(["d"])


def test_moments_of_other_columns_do_not_add():
    a = Moments.of(Chunk((np.ones((3, 1)), np.ones(3)), ("a", "y")))
    b = Moments.of(Chunk((np.ones((3, 1)), np.ones(3)), ("b", "y")))
    with pytest.raises(InputError, match="columns differ"):
        a + b


# What happens to the data must happen to the answer.


def fitted(X, y, weights=None, **parameters):
    return LinearRegression(**parameters).fit(X, y, weights)


@st.composite
def regressions(draw):
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    p = draw(st.integers(1, 4))
    n = draw(st.integers(p + 5, 80))
    U, _, V = np.linalg.svd(rng.normal(size=(p, p)))
    X = rng.normal(size=(n, p)) @ (U * np.linspace(1, 0.2, p) @ V) + rng.normal(size=p)
    y = X @ rng.normal(size=p) + rng.normal(size=n)
    return X, y


def test_unrelated_moments_of_as_many_rows_cannot_be_subtracted():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 30, 2))
    assert (Moments.of(a) - Moments.of(a)).rows == 0
    with pytest.raises(InputError, match="30 rows of weight 30 are no part of 30 rows"):
        Moments.of(a) - Moments.of(b)


def test_lost_digits_are_never_found_again():
    rng = np.random.default_rng(0)
    big, small, other = (
        rng.normal(size=(10_000, 2)) * 3e3,
        rng.normal(size=(500, 2)),
        rng.normal(size=(500, 2)),
    )
    rest = (Moments.of(big) + Moments.of(small)) - Moments.of(big)
    again = (Moments.of(small) + Moments.of(other)) - rest
    assert again.digits <= rest.digits < 12


def test_zeros_take_the_unit_of_what_they_meet():
    zeros, tiny = np.zeros((3, 2)), np.arange(8.0).reshape(4, 2) * 1e-200
    assert_same(Moments.of(zeros) + Moments.of(tiny), Moments.of(np.vstack([zeros, tiny])))


@given(regressions(), st.sampled_from([1e-170, 1e170]))
def test_tests_do_not_depend_on_units(rows, factor):
    X, y = rows
    a, b = fitted(X, y).inference(), fitted(X * factor, y).inference()
    np.testing.assert_allclose(b.t, a.t, rtol=1e-9)
    np.testing.assert_allclose(b.se[1:] * factor, a.se[1:], rtol=1e-9)


def test_one_row_of_whole_numbers_beyond_float64_keeps_its_digits():
    times = np.array([1_700_000_000_000_000_000 + s for s in (513, 7, 250)])
    chunk = Chunk((times, np.array([1.0, 2.0, 3.0])), ("t", "y"))
    parts, whole = Moments.of(chunk.slice(0, 2)) + Moments.of(chunk.slice(2, 3)), Moments.of(chunk)
    np.testing.assert_allclose(parts.scatter, whole.scatter, rtol=1e-14)
    assert parts.mean[0] + parts.mean_low[0] == whole.mean[0] + whole.mean_low[0]
