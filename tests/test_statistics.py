"""The inference is true, in the quick form of `studies/statistics.py`: 400 replicates of every case."""

from itertools import product

import pytest

from studies import statistics as study

REPLICATES = 400
SMALL = tuple(product((20, 200), study.FEATURES))


def between(found, low, high):
    return low <= found.min() and found.max() <= high


@pytest.fixture(scope="module")
def runs():
    return {
        (fixed, n, p): study.simulate(n, p, fixed=fixed, levels=(0.95,), replicates=REPLICATES)
        for fixed, n, p in study.CELLS
    }


def test_intervals_cover_as_often_as_they_say(runs):
    for cell, each in runs.items():
        assert between(study.coverage(each, 0.95), 0.914, 0.986), cell


@pytest.mark.parametrize("level", [0.80, 0.99])
def test_so_do_intervals_of_other_levels(level):
    runs = study.simulate(20, 5, levels=(level,), replicates=REPLICATES)
    assert between(study.coverage(runs, level), *study.coverage_limits(level, REPLICATES))


def test_a_sigma_divided_by_the_number_of_rows_would_be_noticed(runs):
    both = [study.coverage(runs[fixed, 20, 5], 0.95, study.TOO_NARROW) for fixed in (True, False)]
    assert sum(both).mean() / 2 < study.coverage_limits(0.95, 2 * REPLICATES)[0]


@pytest.mark.parametrize(("n", "p"), [(study.FEW, 1), (study.FEW, 5), *SMALL])
def test_p_values_are_uniform_under_the_null(n, p):
    found = study.uniformity(study.simulate(n, p, null=True, levels=(), replicates=REPLICATES))
    assert found.max() < study.uniformity_limit(REPLICATES, len(found))


def test_estimates_have_no_bias_and_the_spread_that_they_say(runs):
    for cell, each in runs.items():
        assert between(study.bias(each), -study.AWAY, study.AWAY), cell
    for n, p in SMALL:
        limits = study.standard_error_limits(REPLICATES, n - p - 1)
        assert between(study.standard_errors(runs[True, n, p]), *limits), (n, p)


def test_a_fit_that_claims_to_have_converged_has_and_another_warns():
    converged, furthest, silent = study.honesty(problems=150)
    assert converged > 50
    assert furthest <= study.NEAR
    assert silent == 0
