"""`Penalty`, on its own: its values, its proximal points, its subgradients and its duality gap."""

import numpy as np
import pytest

from steepest.penalties import Penalty, penalty_of


def penalties(count, seed):
    """Yield penalties of one to six coefficients, and coefficients that they allow."""
    rng = np.random.default_rng(seed)
    for _ in range(count):
        k = int(rng.integers(1, 7))
        positive = bool(rng.integers(2))
        l1, l2 = (rng.exponential(size=k) * rng.integers(0, 2, size=k) for _ in range(2))
        u = rng.normal(size=k) * rng.integers(0, 2, size=k)
        yield Penalty(l1, l2, positive), np.abs(u) if positive else u, rng


def test_a_strength_multiplies_all_of_it():
    for penalty, u, _ in penalties(50, 0):
        assert penalty.times(3.0).value(u) == pytest.approx(3 * penalty.value(u))
        assert penalty.times(0.0).value(u) == 0
        assert penalty.times(2.0).positive == penalty.positive


def test_it_is_smooth_where_it_can_hold_nothing_at_zero():
    zeros, ones = np.zeros(2), np.ones(2)
    assert Penalty(zeros, ones).smooth
    assert not Penalty(zeros, ones, positive=True).smooth
    assert not Penalty(np.array([0.0, 1e-300]), ones).smooth
    assert Penalty(np.array([0.0, 1.0]), ones).kinked.tolist() == [False, True]
    assert Penalty(zeros, zeros, positive=True).kinked.all()


def test_no_point_is_better_than_the_proximal_point():
    for penalty, _, rng in penalties(200, 1):
        k = len(penalty.l1)
        u, step = 2 * rng.normal(size=k), rng.exponential(size=k) + 0.01

        def cost(x, penalty=penalty, u=u, step=step):
            return penalty.l1 @ np.abs(x) + ((x - u) ** 2 / step).sum() / 2

        found = penalty.prox(u, step)
        assert not (penalty.positive and (found < 0).any())
        for _ in range(20):
            other = found + 10 ** rng.uniform(-4, 0) * rng.normal(size=k)
            assert cost(np.maximum(other, 0) if penalty.positive else other) >= cost(found) - 1e-12


def test_a_step_of_zero_leads_to_the_nearest_that_may_be():
    u = np.array([-1.0, 0.0, 2.0])
    assert Penalty(np.ones(3), np.ones(3)).prox(u, np.zeros(3)).tolist() == u.tolist()
    assert Penalty(np.ones(3), np.ones(3), positive=True).prox(u, np.zeros(3)).tolist() == [0, 0, 2]


def test_the_pull_is_the_slope_of_the_steepest_way_down():
    for penalty, u, rng in penalties(200, 2):
        g, h = 2 * rng.normal(size=len(u)), 1e-7
        pull = penalty.pull(u, g)
        for j in range(len(u)):
            ends = [u + sign * h * (np.arange(len(u)) == j) for sign in (1, -1)]
            slopes = [
                (g @ (end - u) + penalty.l1 @ (np.abs(end) - np.abs(u))) / h
                for end in ends
                if not (penalty.positive and end[j] < 0)
            ]
            assert max(0.0, *(-slope for slope in slopes)) == pytest.approx(abs(pull[j]), abs=1e-6)


def test_the_duality_gap_is_never_below_the_true_one_and_closes():
    for penalty, u, rng in penalties(200, 3):
        k, n = len(u), 8
        Z, y = rng.normal(size=(n, k)), rng.normal(size=n)

        def loss(u, penalty=penalty, Z=Z, y=y):
            return ((y - Z @ u) ** 2).sum() / 2 + penalty.value(u)

        def gap(u, penalty=penalty, Z=Z, y=y):
            r = y - Z @ u
            squares = float(r @ r + penalty.l2 @ (u * u))
            return penalty.gap(u, -Z.T @ r + penalty.l2 * u, squares)

        step, best = 1 / (np.linalg.norm(Z, 2) ** 2 + penalty.l2.max()), u
        for _ in range(2000):
            g = Z.T @ (Z @ best - y) + penalty.l2 * best
            best = penalty.prox(best - step * g, np.full(k, step))
        assert gap(u) >= loss(u) - loss(best) - 1e-12
        if (penalty.l1 > 0).all():
            assert gap(best) < 1e-6 * (y @ y)


@pytest.mark.parametrize("size", [1e-150, 1.0, 1e150])
def test_it_is_that_of_the_users_units(size):
    b, factors = np.array([1.0, -2.0]), np.array([1.0, 3.0])
    scale, unit = np.array([2.0, size]), size
    found = penalty_of(0.7, 0.25, factors, scale, unit, positive=False)
    asked = 0.7 * (0.25 * factors @ np.abs(b) + 0.375 * factors @ (b * b))
    assert found.value(b / scale) * unit * unit == pytest.approx(asked)
