"""Formulas: what they say, what they refuse, and that the columns are what they say."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import statsmodels.api as sm
from sklearn.exceptions import ConvergenceWarning

import steepest
from steepest.errors import InputError, InputTypeError
from steepest.formula import parse

FILIP = json.loads((Path(__file__).parents[1] / "studies" / "nist" / "filip.json").read_text())


def terms(text):
    """Return what a formula says, in short."""
    formula = parse(text)
    shown = [":".join(f"{factor.kind[0]}({factor.column})" for factor in term) for term in formula.terms]
    return " ".join([formula.target, *shown, "1" if formula.intercept else "0"])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("y ~ a", "y n(a) 1"),
        ("y~a+b-1", "y n(a) n(b) 0"),
        ("y ~ 0 + a", "y n(a) 0"),
        ("y ~ -1 + a", "y n(a) 0"),
        ("y ~ 1", "y 1"),
        ("y ~ a*b", "y n(a) n(b) n(a):n(b) 1"),
        ("y ~ a*b*c - a:b:c", "y n(a) n(b) n(c) n(a):n(b) n(a):n(c) n(b):n(c) 1"),
        ("y ~ a + a", "y n(a) 1"),
        ("y ~ a*a", "y n(a) 1"),
        ("y ~ a*b:c", "y n(a) n(b):n(c) n(a):n(b):n(c) 1"),
        ("y ~ a*b + b*a - b:a", "y n(a) n(b) 1"),
        ("y ~ C(city) + days(when)", "y c(city) d(when) 1"),
        ("`a b` ~ `c-d`:e.f", "a b n(c-d):n(e.f) 1"),
        ("größe ~ 体重", "größe n(体重) 1"),
        ("y ~ . - a", "y n(.) 1"),
    ],
)
def test_the_grammar(text, said):
    if said.endswith("n(.) 1"):
        with pytest.raises(InputError, match="takes away what is not there"):
            parse(text)
    else:
        assert terms(text) == said


@pytest.mark.parametrize(
    ("text", "message", "caret"),
    [
        ("y ~", "ends too early", 3),
        ("y", 'lacks "~"', 1),
        ("~ a", "lacks the name", 0),
        ("y ~ a +", "ends too early", 7),
        ("y ~ a b", "goes on where it should end", 6),
        ("y ~ a ** b", "lacks the name", 7),
        ("y ~ poly(x)", 'lacks ","', 10),
        ("y ~ poly(x, 0)", "degree between 1 and 30", 12),
        ("y ~ poly(x, 1000000)", "degree between 1 and 30", 12),
        ("y ~ __import__(os)", "knows no __import__()", 4),
        ("y ~ I(a)", "knows no I()", 4),
        ("y ~ a; b", "cannot be read from here", 5),
        ("y ~ 'a'", "cannot be read from here", 3),
        ("y ~ a:1", "multiplies by the intercept", 4),
        ("y ~ 2", "lacks the name", 4),
        ("y ~ " + "*".join("abcdefghi"), "multiplies more than 8 terms", 4),
    ],
)
def test_what_is_no_formula_is_shown_with_its_place(text, message, caret):
    with pytest.raises(InputError) as caught:
        parse(text)
    assert message in str(caught.value)
    assert caught.value.excerpt[1].index("^") - 7 == caret


@pytest.fixture(scope="module")
def trips():
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"a": rng.normal(size=400), "b": rng.normal(size=400), "w": rng.uniform(1, 2, 400)})
    table["city"] = np.array(["Oslo", "Lima", "Rome"])[rng.integers(0, 3, size=400)]
    table["when"] = pd.Timestamp("2024-01-01T06:00") + pd.to_timedelta(rng.integers(0, 10_000, 400), "h")
    table["y"] = table.a * 2 - table.b + (table.city == "Rome") * table.a + rng.normal(size=400)
    return table


def columns(table, **made):
    """Return least squares through statsmodels on columns made by hand."""
    X = np.column_stack([np.ones(len(table)), *made.values()])
    return sm.OLS(table.y.to_numpy(), X).fit()


def test_interactions_and_levels_are_those_made_by_hand(trips):
    oslo, rome = ((trips.city == city).astype(float) for city in ("Oslo", "Rome"))
    model = steepest.fit(trips, formula="y ~ a*C(city) + a:b + b")
    expected = columns(
        trips,
        a=trips.a,
        o=oslo,
        r=rome,
        ao=trips.a * oslo,
        ar=trips.a * rome,
        ab=trips.a * trips.b,
        b=trips.b,
    )
    named = ["a", "city[Oslo]", "city[Rome]", "a:city[Oslo]", "a:city[Rome]", "a:b", "b"]
    assert model.feature_names_in_.tolist() == named
    np.testing.assert_allclose([model.intercept_, *model.coef_], expected.params, rtol=1e-10)
    np.testing.assert_allclose(model.inference().se, expected.bse, rtol=1e-9)


def test_days_are_counted_from_1970_and_keep_the_hours(trips):
    days = (trips.when - pd.Timestamp("1970-01-01")) / pd.Timedelta("1D")
    model = steepest.fit(trips, formula="y ~ days(when)")
    np.testing.assert_allclose(model.coef_, columns(trips, days=days - days.mean()).params[1:], rtol=1e-9)
    assert model.feature_names_in_.tolist() == ["days(when)"]
    zoned = trips.assign(when=trips.when.dt.tz_localize("UTC").dt.tz_convert("Asia/Tokyo"))
    np.testing.assert_allclose(steepest.fit(zoned, formula="y ~ days(when)").coef_, model.coef_, rtol=1e-9)


def test_a_model_of_a_formula_predicts_and_is_kept(trips, tmp_path):
    model = steepest.fit(trips, formula="y ~ poly(a, 3) + b:C(city) + b + C(city) + days(when)")
    model.save(tmp_path / "m.json")
    loaded = steepest.load(tmp_path / "m.json")
    np.testing.assert_array_equal(loaded.predict(trips), model.predict(trips))
    trips.to_parquet(tmp_path / "t.parquet")
    np.testing.assert_array_equal(loaded.predict(tmp_path / "t.parquet"), model.predict(trips))


def test_powers_keep_the_digits_of_filip(tmp_path):
    path = tmp_path / "filip.csv"
    rows = zip((row[0] for row in FILIP["x"]), FILIP["y"], strict=True)
    path.write_text("x,y\n" + "".join(f"{x},{y}\n" for x, y in rows))
    with pytest.warns(steepest.errors.CollinearityWarning):
        model = steepest.fit(path, formula="y ~ poly(x, 10)", precise=True)
    certified = np.array([float(value) for value in FILIP["coef"]])
    apart = np.abs(np.array([model.intercept_, *model.coef_]) / certified - 1)
    assert -np.log10(apart.max()) >= 14


@pytest.mark.parametrize(
    ("formula", "error", "message"),
    [
        ("y ~ nope", InputError, 'no column "nope"'),
        ("y ~ y", InputError, "'y' is on both sides"),
        ("y ~ a + city", InputTypeError, "column 'city': holds text"),
        ("y ~ when", InputTypeError, r"count days in a formula: days\(when\)"),
        ("y ~ days(a)", InputTypeError, "holds number, not dates"),
        ("y ~ a + poly(a, 2)", InputError, "'a' occurs twice"),
        ("y ~ a:C(city)", InputError, "baseline of 'city' has no a. Add a"),
        ("y ~ .:a", InputError, "multiplies by all columns"),
        ("y ~ C(city) - 1", InputError, "the baseline of 'city' would be 0"),
    ],
)
def test_columns_that_do_not_fit_are_named(trips, formula, error, message):
    with pytest.raises(error, match=message):
        steepest.fit(trips, formula=formula)


def test_all_other_columns_and_none_beside_a_formula(trips):
    table = trips[["a", "b", "w", "y"]]
    model = steepest.fit(table, formula="y ~ . - 1", weights="w")
    assert model.feature_names_in_.tolist() == ["a", "b"]
    assert model.intercept_ == 0
    with pytest.raises(InputError, match="says itself what the target and the features are"):
        steepest.fit(table, formula="y ~ a", target="y")
    with pytest.raises(InputError, match="target: there is none"):
        steepest.fit(table)


def test_the_command_takes_formulas(steepest, tmp_path):
    (tmp_path / "t.csv").write_text(
        "x,y,when\n1,1,2024-01-01\n2,4,2024-01-02\n3,9.5,2024-02-01\n4,16,2024-02-02\n"
    )
    result = steepest("fit", "t.csv", "--formula", "y ~ poly(x, 2)", "--json")
    assert [term["name"] for term in json.loads(result.out)["model"]["terms"]] == ["(intercept)", "x", "x^2"]
    result = steepest("fit", "t.csv", "--formula", "y ~ poly(x, ")
    assert result.code == 3
    assert result.err.splitlines()[2].index("^") == len("       y ~ poly(x, ")


def test_powers_and_products_of_whole_numbers_beyond_float64():
    """Where even pairs of numbers are not enough, no convergence is claimed, or no standard error given."""
    rng, k = np.random.default_rng(0), np.arange(40)
    table = pd.DataFrame({"big": k * 3 + 2**54 + 1, "g": np.where(k % 3, "u", "v")})
    table["y"] = 0.5 * k + (table.g == "v") * k * 0.25 + rng.normal(size=40) * 0.1
    for formula in ("y ~ poly(big, 2)", "y ~ big*C(g)"):
        with pytest.warns((ConvergenceWarning, steepest.errors.CollinearityWarning)):
            model = steepest.fit(table, formula=formula)
        if model.converged_:
            assert np.isnan(model.inference().se).any()


@pytest.mark.parametrize(("unit", "step"), [("ns", 1000), ("us", 1), ("ms", 1), ("s", 1)])
def test_fine_times_keep_their_digits(unit, step):
    rng = np.random.default_rng(0)
    size = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}[unit]
    ticks = 1_700_000_000 * 10**9 // size + step * np.arange(50)
    y = 0.5 * np.arange(50) + rng.normal(size=50)
    table = pa.table({"when": pa.array(ticks, pa.timestamp(unit)), "y": y})
    model = steepest.fit(table, formula="y ~ days(when)")
    expected = np.polyfit(np.arange(50), y, 1)[0]
    assert model.coef_[0] * (step * size / 86_400e9) == pytest.approx(expected, rel=1e-4)


def test_marks_of_missing_values_hold_for_levels_too(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("c,y\n" + "".join(f"{'u?v'[i % 3]},{i % 3 + i % 2}\n" for i in range(30)))
    model = steepest.fit(path, target="y", categorical=["c"], na=["?"], missing="drop")
    assert model.feature_names_in_.tolist() == ["c[v]"]
    assert model.moments_.rows == 20


def test_levels_that_are_no_number_are_missing():
    table = pa.table({"c": [1.0, 2.0, float("nan"), 0.5] * 10, "y": np.arange(40.0) % 7})
    model = steepest.fit(table, target="y", categorical=["c"], missing="drop")
    assert model.moments_.rows == 30
    with pytest.raises(InputError, match="10 of 40 values are missing"):
        steepest.fit(table, target="y", categorical=["c"])
    nested = pa.table({"c": [[1], [2], [1]], "y": [1.0, 2.0, 4.0]})
    with pytest.raises(InputTypeError, match="column 'c': holds list"):
        steepest.fit(nested, target="y", categorical=["c"])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("until", "x"),
        ("max_dropped", "5%"),
        ("max_dropped", 2),
        ("max_dropped", float("nan")),
        ("na", "?"),
        ("formula", 5),
    ],
)
def test_arguments_of_the_wrong_kind_are_named(trips, name, value):
    with pytest.raises((InputError, InputTypeError), match=f"^{name}: got"):
        steepest.fit(trips, **{name: value})
