"""`Support`: newton's steps from support to support, on problems that are as degenerate as can be."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steepest.gram import Products
from steepest.penalties import Penalty
from steepest.support import Support

SEEDS = st.integers(0, 2**32 - 1)


class Rows:
    """Columns of unit length, a penalty of them, and a support."""

    def __init__(self, Z, y, penalty):
        self.Z, self.y, self.penalty = Z / np.linalg.norm(Z, axis=0), y, penalty
        k = self.Z.shape[1]
        H = self.Z.T @ self.Z
        np.fill_diagonal(H, 1.0)
        self.support = Support(Products(H), self.Z.T @ y, least=16 * k * 2.0**-52, most=min(Z.shape))

    def loss(self, u):
        return float(((self.y - self.Z @ u) ** 2).sum()) / 2 + self.penalty.value(u)

    def pull(self, u):
        return self.penalty.pull(u, self.support.slope(u) + self.penalty.l2 * u)

    def walk(self, u, most=400):
        """Return the points of newton's steps from u, until nothing pulls."""
        points = [u]
        for _ in range(most):
            u = self.support.step(u, self.penalty)
            points.append(u)
            if np.abs(self.pull(u)).max() <= 1e-12 * (np.abs(u).sum() + np.linalg.norm(self.y)):
                return points
        raise AssertionError(f"still pulled by {np.abs(self.pull(u)).max()}")


def degenerate(seed):
    """Return columns of whole numbers, many of them equal, opposite, or sums of others."""
    rng = np.random.default_rng(seed)
    n, p = int(rng.integers(2, 12)), int(rng.integers(1, 8))
    Z = rng.integers(-2, 3, size=(n, p)).astype(float)
    Z[0, ~Z.any(axis=0)] = 1
    follows = [Z[:, rng.integers(p)] * rng.choice([-1, 1]), Z[:, rng.integers(p)] + Z[:, rng.integers(p)]]
    Z = np.column_stack([Z, *(column for column in follows if column.any())])
    y, k = rng.integers(-5, 6, size=n).astype(float), Z.shape[1]
    positive = bool(rng.integers(2))
    free = rng.integers(0, 2, size=k) if rng.integers(2) else np.ones(k)
    l1 = np.round(10 ** rng.uniform(-3, 1), 3) * free * rng.choice([1.0, 2.0], size=k)
    l2 = rng.choice([0.0, 0.5]) * free
    if not (positive or l1.any()):
        l1[0] = 0.1
    return Rows(Z, y, Penalty(l1, l2, positive)), rng


@settings(max_examples=300, deadline=None, derandomize=True)
@given(SEEDS)
def test_it_ends_at_an_optimum_and_never_goes_up(seed):
    rows, _ = degenerate(seed)
    points = rows.walk(np.zeros(rows.Z.shape[1]))
    losses = np.array([rows.loss(u) for u in points])
    assert (np.diff(losses) <= 1e-12 * losses[0]).all()
    assert not (rows.penalty.positive and (points[-1] < 0).any())


@settings(max_examples=300, deadline=None, derandomize=True)
@given(SEEDS)
def test_it_may_begin_anywhere(seed):
    """All coefficients of columns that follow from each other are active."""
    rows, rng = degenerate(seed)
    u = rng.normal(size=rows.Z.shape[1])
    points = rows.walk(np.abs(u) if rows.penalty.positive else u)
    losses = np.array([rows.loss(u) for u in points])
    assert (np.diff(losses) <= 1e-12 * losses[0]).all()
    assert losses[-1] == pytest.approx(rows.loss(rows.walk(np.zeros(len(u)))[-1]), rel=1e-10, abs=1e-11)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(SEEDS)
def test_what_is_left_is_the_gap_or_nothing_is_said(seed):
    rows, rng = degenerate(seed)
    best = rows.walk(np.zeros(rows.Z.shape[1]))[-1]
    for size in (0.0, 1e-9, 1e-6, 1e-2):
        u = best * (1 + size * rng.normal(size=len(best)))
        left, true = rows.support.left(u, rows.penalty), rows.loss(u) - rows.loss(best)
        if left is not None:
            assert left == pytest.approx(true, rel=1e-6, abs=1e-13 * (1 + rows.y @ rows.y))
    assert rows.support.left(best, rows.penalty) is not None


def test_a_pull_that_rounding_explains_moves_nothing():
    """Either of two equal columns is as good as the other: the support stays with the one it has."""
    rng = np.random.default_rng(0)
    Z = rng.normal(size=(20, 3))[:, [0, 1, 2, 0, 1]]
    rows = Rows(Z, Z[:, 0] + Z[:, 1] + rng.normal(size=20), Penalty(np.full(5, 0.01), np.zeros(5)))
    u = rows.walk(np.zeros(5))[-1]
    for _ in range(10):
        new = rows.support.step(u, rows.penalty)
        assert ((new != 0) == (u != 0)).all()
        u = new


def test_the_cheaper_of_two_equal_columns_is_taken():
    rng = np.random.default_rng(0)
    Z = rng.normal(size=(20, 2))[:, [0, 1, 0]]
    y = Z[:, 0] + 0.1 * rng.normal(size=20)
    for cheap, dear in ((0, 2), (2, 0)):
        l1 = np.ones(3)
        l1[cheap] = 0.5
        rows = Rows(Z, y, Penalty(l1, np.zeros(3)))
        start = np.zeros(3)
        start[dear] = 1.0
        end = rows.walk(start)[-1]
        assert end[cheap] != 0
        assert end[dear] == 0


def test_a_free_column_takes_the_place_of_the_penalised_one_that_it_equals():
    rng = np.random.default_rng(1)
    Z = rng.normal(size=(15, 2))[:, [0, 1, 0]]
    rows = Rows(Z, Z[:, 0] + rng.normal(size=15), Penalty(np.array([0.1, 0.1, 0.0]), np.zeros(3)))
    for start in (np.zeros(3), np.array([2.0, 0, 0]), np.array([1.0, 1, 1])):
        end = rows.walk(start)[-1]
        assert end[0] == 0
        assert end[2] != 0


def test_another_ridge_is_another_factor():
    rng = np.random.default_rng(2)
    rows = Rows(rng.normal(size=(10, 4)), rng.normal(size=10), Penalty(np.full(4, 1e-3), np.ones(4)))
    rows.walk(np.zeros(4))
    rows.penalty = Penalty(np.full(4, 1e-3), np.full(4, 0.1))
    found = rows.walk(np.zeros(4))[-1]
    fresh = Rows(rows.Z, rows.y, rows.penalty).walk(np.zeros(4))[-1]
    np.testing.assert_allclose(found, fresh, rtol=1e-12, atol=1e-14)


def test_more_columns_than_rows_may_be_active_with_a_ridge():
    rng = np.random.default_rng(3)
    rows = Rows(rng.normal(size=(4, 30)), rng.normal(size=4), Penalty(np.full(30, 1e-6), np.full(30, 0.1)))
    end = rows.walk(np.zeros(30), most=20)[-1]
    assert np.count_nonzero(end) > 4
    assert rows.support.left(end, rows.penalty) == pytest.approx(0, abs=1e-20)


def test_columns_that_leave_take_their_rows_out_of_the_factor():
    for seed in range(50):
        rng = np.random.default_rng(seed)
        rows = Rows(rng.normal(size=(60, 30)), rng.normal(size=60), Penalty(np.zeros(30), np.zeros(30), True))
        u = np.abs(rng.normal(size=30))
        end = rows.walk(u)[-1]
        on = np.flatnonzero(end)
        direct = np.linalg.lstsq(rows.Z[:, on], rows.y, rcond=None)[0]
        np.testing.assert_allclose(end[on], direct, atol=1e-12)
