"""The closed form of recurrences, envelopes and degrees of freedom, against running and against matrices."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steepest.spectrum import (
    Chebyshev,
    Geometric,
    Recurrence,
    degrees_of_freedom,
    equivalent_ridge,
    steps_until,
)

PULLS = np.array([1e-6, 1e-3, 0.02, 0.3, 0.99, 1.0, 1.01, 1.7, 1.999])


def gradient(pull):
    return Recurrence(pull, 1 - pull, 0 * pull, 1 - pull)


def heavy(pull, beta):
    return Recurrence(pull, 1 + beta - pull, np.full_like(pull, -beta), 1 - pull)


def nesterov(pull, beta):
    return Recurrence(pull, (1 + beta) * (1 - pull), -beta * (1 - pull), 1 - pull)


KINDS = {
    "gradient": gradient(PULLS),
    **{f"heavy {b}": heavy(PULLS, b) for b in (0.0, 0.5, 0.9, 0.998)},
    **{f"nesterov {b}": nesterov(PULLS[PULLS < 1.3], b) for b in (0.0, 0.5, 0.9, 0.998)},
}


def run(steps: Recurrence, k: int) -> np.ndarray:
    before, now = np.ones_like(steps.now), steps.first
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


@given(st.floats(0, 0.999), st.floats(1e-4, 0.999), st.integers(0, 60))
def test_the_factor_is_the_spectral_radius(beta, share, k):
    for kind, limit in ((heavy, 2 * (1 + beta)), (nesterov, (2 + 2 * beta) / (1 + 2 * beta))):
        pull = np.array([share * limit])
        steps = kind(pull, beta)
        matrix = np.array([[steps.now[0], steps.before[0]], [1.0, 0.0]])
        assert steps.factor == pytest.approx(np.abs(np.linalg.eigvals(matrix)).max(), rel=1e-6, abs=1e-7)
        expected = (np.linalg.matrix_power(matrix, k) @ [steps.first[0], 1.0])[0]
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
