import numpy as np
import pyarrow as pa
import pytest

import steepest
from steepest import LinearRegression
from steepest.report.text import p_value, printable, rounded_up


def wide(p, n=200, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p))
    return X, X @ np.linspace(0, 1, p) + rng.normal(size=n)


@pytest.mark.parametrize(
    ("distance", "text"),
    [
        (0.0, "0"),
        (2.1e-14, "3e-14"),
        (3e-7, "3e-07"),
        (0.0891, "0.09"),
        (0.117, "0.12"),
        (1.61, "1.7"),
        (20.2, "21"),
    ],
)
def test_a_bound_is_never_rounded_down(distance, text):
    assert rounded_up(distance) == text
    assert float(text) >= distance


@pytest.mark.parametrize(
    ("p", "text"),
    [
        (0.5, "0.500"),
        (0.001, "0.001"),
        (0.00099, "9.9e-04"),
        (1e-299, "1.0e-299"),
        (0.0, "<1e-300"),
        (None, "-"),
    ],
)
def test_p_values_are_never_zero(p, text):
    assert p_value(p) == text


def test_names_are_shown_literally_and_short():
    assert printable("a\nb\x1b[0m\u202e") == "a\\nb\\x1b[0m\\u202e"
    assert len(printable("x" * 10_000)) == 24


def test_digits_follow_the_standard_error():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(50, 3)) * [1e-6, 1, 1e7]
    y = X @ [2e6, 1, 1e-7] + rng.normal(size=50)
    text = str(LinearRegression().fit(X, y).summary())
    ours = LinearRegression().fit(X, y).inference()
    for name, estimate, se in zip(ours.names, ours.estimate, ours.se, strict=True):
        (line,) = [line for line in text.splitlines() if line.startswith(name + " ")]
        shown = [float(cell) for cell in line.split()[1:3]]
        assert shown[0] == pytest.approx(estimate, abs=se / 100)
        assert shown[1] == pytest.approx(se, rel=0.005)


@pytest.mark.parametrize("p", [1, 5, 20, 21, 60])
def test_eighty_columns_and_twenty_terms(p):
    text = str(LinearRegression().fit(*wide(p)).summary())
    lines = text.splitlines()
    assert max(map(len, lines)) <= 80
    hidden = {20: "... and 1 more term, of", 21: "... and 2 more terms, of", 60: "... and 41 more terms, of"}
    assert (hidden[p] in text) if p in hidden else "more term" not in text


def test_long_formulas_are_cut():
    first = str(LinearRegression().fit(*wide(30)).summary()).splitlines()[0]
    assert "more)" in first
    assert len(first) <= 80


def test_the_same_data_give_the_same_text():
    assert str(LinearRegression().fit(*wide(4)).summary()) == str(LinearRegression().fit(*wide(4)).summary())


@pytest.mark.filterwarnings("ignore")
def test_nothing_is_printed_that_is_not_known():
    perfect = str(LinearRegression().fit(np.arange(9.0)[:, None], 2 * np.arange(9.0) + 1).summary())
    assert "rounding noise" in perfect
    assert "within" in perfect
    assert "sd(y)" in perfect
    flat = str(LinearRegression().fit(np.arange(9.0)[:, None], np.full(9, 3.0)).summary())
    assert "R2 undefined" in flat
    assert "y does not vary" in flat
    exact = str(LinearRegression().fit(np.eye(3), [1.0, 2, 3]).summary())
    assert "nan" not in exact + flat + perfect


@pytest.mark.filterwarnings("ignore")
def test_estimates_without_standard_errors_show_the_digits_that_are_known():
    rng = np.random.default_rng(0)
    a, c = rng.normal(size=(2, 50))
    close = pa.table({"a": a, "b": a + 1e-6 * rng.normal(size=50), "c": c, "y": a + 1.25 * c})
    once = steepest.fit(close.to_reader(), target="y")
    shown = {line.split()[0]: line.split()[1] for line in str(once.summary()).splitlines()[2:6]}
    assert shown["c"] == "1.25"
    assert shown["a"] in ("1", "unknown")
    same = steepest.fit(pa.table({"a": a, "b": a, "y": a + c}).to_reader(), target="y")
    assert [line.split() for line in str(same.summary()).splitlines()[2:5]] == [
        ["(intercept)", "unknown"],
        ["a", "unknown"],
        ["b", "unknown"],
    ]
    stopped = LinearRegression(method="gd", max_iter=5).fit(
        np.column_stack([a, c]), a + c + rng.normal(size=50)
    )
    assert "unknown" not in str(stopped.summary())
