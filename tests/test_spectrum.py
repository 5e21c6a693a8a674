"""The closed form of recurrences, envelopes and degrees of freedom, against running and against matrices."""

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steepest.methods.momentum import Momentum
from steepest.methods.nesterov import Nesterov
from steepest.spectrum import (
    Chebyshev,
    Geometric,
    Powers,
    degrees_of_freedom,
    equivalent_ridge,
    steps_until,
)

PULLS = np.array([1e-6, 1e-3, 0.02, 0.3, 0.99, 1.0, 1.01, 1.7, 1.999])


def gradient(pull):
    return Powers(pull)


class Line:
    """A problem that has nothing but eigenvalues."""

    def __init__(self, eigenvalues):
        self._eigenvalues = np.asarray(eigenvalues, dtype=float)

    def eigenvalues(self):
        return self._eigenvalues


def heavy(pull, beta):
    return Momentum(beta).limits(Line(pull), 1.0).path


def nesterov(pull, beta):
    return Nesterov(beta).limits(Line(pull), 1.0).path


KINDS = {
    "gradient": gradient(PULLS),
    **{f"heavy {b}": heavy(PULLS, b) for b in (0.0, 0.5, 0.9, 0.998)},
    **{f"nesterov {b}": nesterov(PULLS[PULLS < 1.3], b) for b in (0.0, 0.5, 0.9, 0.998)},
}


def run(steps, k):
    if isinstance(steps, Powers):
        steps = Momentum(0.0).limits(Line(steps.pull), 1.0).path
    before, now = np.ones_like(steps.now), steps.now / 2 + steps.drift
    for _ in range(k - 1):
        before, now = now, steps.now * now + steps.before * before
    return np.ones_like(steps.now) if k == 0 else now


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("k", [0, 1, 2, 3, 10, 57, 1000, 100_000])
def test_the_closed_form_is_what_running_gives(kind, k):
    np.testing.assert_allclose(KINDS[kind].after(k), run(KINDS[kind], k), atol=1e-10, rtol=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_it_stays_finite_to_a_trillion_steps(kind):
    for k in (10**6, 10**9, 10**12, 10**12 - 1):
        left = KINDS[kind].after(k)
        assert np.isfinite(left).all()
        assert np.abs(left).max() <= 1


def test_slow_directions_keep_their_digits():
    """(1 - 10⁻⁹)^(10⁹) is 1/e up to 2·10⁻¹⁰: its power by squaring would lose seven digits."""
    pull = np.array([1e-9])
    expected = np.exp(1e9 * np.log1p(-1e-9))
    assert gradient(pull).after(10**9)[0] == pytest.approx(expected, rel=1e-13)
    slow = heavy(pull, 0.5).after(10**9)[0]
    assert slow == pytest.approx(np.exp(1e9 * np.log1p(-2e-9)), rel=1e-8)


@pytest.mark.parametrize("method", [Momentum(), Nesterov(), Momentum(0.9), Nesterov(0.99)])
@pytest.mark.parametrize(("condition", "within"), [(1e2, 1e-13), (1e4, 1e-12), (1e6, 1e-10), (1e8, 2e-9)])
def test_steep_problems_keep_their_digits_too(method, condition, within):
    """Against fifty digits: near double roots the powers of a rounded matrix would lose all of them."""
    eigenvalues = np.geomspace(1 / condition, 1, 9)
    limits = method.limits(Line(eigenvalues), None)
    state = method.start(Line(eigenvalues), np.zeros(1), limits.rate)
    with mpmath.workdps(50):
        beta, x = mpmath.mpf(state.beta), [mpmath.mpf(limits.rate) * mpmath.mpf(each) for each in eigenvalues]
        first = mpmath.mpf(getattr(state, "first", limits.rate)) / mpmath.mpf(limits.rate)
        for k in (5, int(3 * condition**0.5), 100_000):
            found = limits.path.after(k)
            for at, pull in enumerate(x):
                keep = 1 - pull if method.name == "nesterov" else 1
                a = (1 + beta) * keep if method.name == "nesterov" else 1 + beta - pull
                M = mpmath.matrix([[a, -beta * keep], [1, 0]]) ** (k - 1)
                assert abs(M[0, 0] * (1 - first * pull) + M[0, 1] - found[at]) < within


def test_many_numbers_of_steps_at_once():
    for steps in KINDS.values():
        k = np.array([0, 1, 2, 7, 100])
        together = steps.after(k[:, None])
        for row, each in zip(together, k.tolist(), strict=True):
            np.testing.assert_array_equal(row, steps.after(each))


@given(st.floats(0, 0.999), st.floats(1e-4, 0.999), st.integers(0, 60))
def test_the_factor_is_the_spectral_radius(beta, share, k):
    for kind, limit in ((heavy, 2 * (1 + beta)), (nesterov, (2 + 2 * beta) / (1 + 2 * beta))):
        pull = np.array([share * limit])
        steps = kind(pull, beta)
        matrix = np.array([[steps.now[0], steps.before[0]], [1.0, 0.0]])
        assert steps.factor == pytest.approx(np.abs(np.linalg.eigvals(matrix)).max(), rel=1e-6, abs=1e-7)
        expected = (np.linalg.matrix_power(matrix, k) @ [1 - pull[0], 1.0])[0]
        assert steps.after(k + 1)[0] == pytest.approx(expected, rel=1e-9, abs=1e-10)
        assert kind(np.array([0.999999 * limit]), beta).factor < 1
        assert kind(np.array([1.000001 * limit]), beta).factor > 1


@pytest.mark.parametrize("guarantee", [*KINDS.values(), Geometric(0.99), Chebyshev(1e4, 10**6)])
@pytest.mark.parametrize("share", [0.5, 1e-3, 1e-9])
def test_steps_until_is_a_number_of_steps_that_is_enough(guarantee, share):
    steps = steps_until(guarantee, share)
    assert guarantee.envelope(steps) <= share
    if isinstance(guarantee, Geometric | Chebyshev):
        assert guarantee.envelope(steps - 1) > share


def test_steps_until_knows_when_it_cannot_know():
    assert steps_until(Geometric(0.5), 1.0) == 0
    assert steps_until(Geometric(1.0), 0.1) is None
    assert steps_until(Geometric(0.5), 0.0) is None
    assert steps_until(gradient(np.array([2.5])), 0.1) is None
    assert steps_until(gradient(np.array([1e-16])), 0.1) is None
    assert steps_until(Chebyshev(1e12, 7), 1e-9) == 7


def test_degrees_of_freedom_are_the_trace_of_the_hat_matrix():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(12, 4)) * [1, 3, 0.2, 5]
    H, n = X.T @ X / 12, 12
    eigenvalues = np.linalg.eigvalsh(H)
    rate, k = 1 / eigenvalues[-1], 9
    hat = np.zeros((n, n))
    for _ in range(k):  # fitted values of k steps from zero, as a matrix times y
        hat = hat + rate * X @ X.T @ (np.eye(n) - hat) / n
    df = degrees_of_freedom(gradient(rate * eigenvalues).after(k))
    assert df == pytest.approx(np.trace(hat), rel=1e-12)


@given(st.lists(st.floats(-6, 6), min_size=1, max_size=9), st.floats(0.001, 0.999))
def test_the_equivalent_ridge_has_as_many_degrees_of_freedom(exponents, share):
    eigenvalues = np.sort(10.0 ** np.array(exponents))
    df = share * len(eigenvalues)
    penalty = equivalent_ridge(eigenvalues, df)
    assert (eigenvalues / (eigenvalues + penalty)).sum() == pytest.approx(df, rel=1e-9)
    assert equivalent_ridge(eigenvalues, 0.0) == np.inf
    assert equivalent_ridge(eigenvalues, float(len(eigenvalues))) == 0
