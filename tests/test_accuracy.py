"""The digits of certified data sets, by every entrance."""

import math

import pytest

from studies import accuracy as study

pytestmark = pytest.mark.usefixtures("way")

WAYS = {way: run for way, run in study.WAYS.items() if "steepest" in way}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", study.NAMES)
def test_digits_of_certified_sets(name, way):
    data = study.load(name)
    attainable = [
        study.digits(found, exact)
        for found, exact in zip(study.attainable(data), (data.coef, data.se), strict=True)
    ]
    coef, se = WAYS[way](data)
    precise = "True" in way or "--precise" in way
    assert study.digits(coef, data.coef) >= (attainable[0] - 0.3 if precise else min(10, attainable[0] - 0.1))
    if name == "wampler1":
        assert se is None
    elif precise:
        assert study.digits(se, data.se) >= min(12, attainable[1] - 0.1)


def test_an_exact_fit_leaves_no_residuals():
    data = study.load("wampler1")
    model = study.steepest.LinearRegression().fit(data.X, data.y)
    assert model.converged_
    assert model.sigma_ < 1e-12
    assert "exact to rounding" in str(model.summary())


def test_the_page_shows_what_the_study_found():
    page = (study.ROOT / "docs" / "accuracy.md").read_text()
    for results in ("accuracy.md", "floor.md"):
        for line in (study.ROOT / "studies" / "results" / results).read_text().splitlines():
            assert line in page


def test_lre_counts_digits():
    assert study.digits([1.25], [study.Fraction(5, 4)]) == 15
    assert study.digits([1.001], [1]) == pytest.approx(3, abs=1e-9)
    assert math.isclose(study.digits([0.0, 1e-9], [0, 0]), 9)
