"""A fit without some of its features is the fit that never had them, with no row read again."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.exceptions import ConvergenceWarning

import steepest
from conftest import CARS
from steepest import LinearRegression, LinearRegressionCV
from steepest.errors import CollinearityWarning, InputError, InputTypeError, NotInferable

TEN_DIGITS = 1e-10


def rows(n=60, p=5, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) @ rng.normal(size=(p, p)) + 10 * rng.normal(size=p)
    return X, X @ np.linspace(-1, 1, p) + rng.normal(size=n), rng.uniform(0.2, 5, size=n)


def assert_same(ours, expected):
    np.testing.assert_allclose(ours.coef_, expected.coef_, rtol=TEN_DIGITS)
    assert ours.intercept_ == pytest.approx(expected.intercept_, rel=TEN_DIGITS)
    np.testing.assert_allclose(ours.inference().se, expected.inference().se, rtol=TEN_DIGITS)
    assert ours.certificate_.in_se < 1e-6


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("names", [["x3"], ["x4", "x0"], [], np.array(["x1"])])
def test_it_is_the_fit_without_the_column(weighted, fit_intercept, names):
    X, y, w = rows()
    w = w if weighted else None
    kept = [j for j in range(5) if f"x{j}" not in names]
    model = LinearRegression(fit_intercept=fit_intercept, method="cg").fit(X, y, w)
    before = model.coef_.copy()
    ours = model.drop(names)
    assert type(ours) is LinearRegression
    assert ours.get_params() == model.get_params()
    assert ours.n_features_in_ == len(kept)
    assert_same(ours, LinearRegression(fit_intercept=fit_intercept).fit(X[:, kept], y, w))
    np.testing.assert_array_equal(model.coef_, before)
    expected = X[:, kept] @ ours.coef_ + ours.intercept_
    np.testing.assert_allclose(ours.predict(X[:, kept]), expected, rtol=1e-9, atol=1e-12)


def test_frames_keep_the_names_that_are_left():
    X, y, _ = rows()
    frame = pd.DataFrame(X, columns=list("abcde"))
    ours = LinearRegression().fit(frame, y).drop(["d", "a"])
    assert ours.feature_names_in_.tolist() == ["b", "c", "e"]
    assert_same(ours, LinearRegression().fit(frame[["b", "c", "e"]], y))
    ours.predict(frame[["b", "c", "e"]])
    with pytest.raises(InputError, match="feature names"):
        ours.predict(frame)


def test_arrays_have_no_names_and_rows_are_added_to_what_is_left():
    X, y, _ = rows()
    model = LinearRegression(method="gd").fit(X[:30], y[:30]).drop(["x2"])
    kept = X[:, [0, 1, 3, 4]]
    for each in (model, model.at(5), model.partial_fit(kept[30:50], y[30:50])):
        assert not hasattr(each, "feature_names_in_")
    model.set_params(method="newton")
    assert_same(model.partial_fit(kept[50:], y[50:]), LinearRegression().fit(kept, y))


def trips(n=80):
    rng = np.random.default_rng(1)
    zone = rng.choice(list("abc"), size=n)
    km, hour = rng.uniform(1, 9, size=n), rng.uniform(0, 24, size=n)
    day = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 99, size=n), "D")
    fare = 2 + km + (zone == "b") + 0.01 * hour**2 + rng.normal(size=n)
    return pd.DataFrame({"zone": zone, "km": km, "hour": hour, "day": day, "fare": fare})


FORMULA = "fare ~ km + C(zone) + poly(hour, 3) + C(zone):km + days(day)"


@pytest.mark.parametrize(
    ("names", "left"),
    [
        (["zone:km"], "fare ~ km + C(zone) + poly(hour, 3) + days(day)"),
        (["zone[b]:km", "zone[c]:km"], "fare ~ km + C(zone) + poly(hour, 3) + days(day)"),
        (["hour"], "fare ~ km + C(zone) + C(zone):km + days(day)"),
        (["hour", "hour^2", "hour^3", "day"], "fare ~ km + C(zone) + C(zone):km"),
        (["days(day)", "zone", "zone:km"], "fare ~ km + poly(hour, 3)"),
        (["zone", "zone:km", "km", "hour", "day"], "fare ~ 1"),
    ],
)
def test_a_column_of_a_table_goes_with_all_that_it_became(names, left, tmp_path):
    table = trips()
    ours = steepest.fit(table, formula=FORMULA).drop(names)
    expected = steepest.fit(table, formula=left)
    assert ours.feature_names_in_.tolist() == expected.feature_names_in_.tolist()
    np.testing.assert_allclose(ours.coef_, expected.coef_, rtol=1e-8)
    new = table.drop(columns=[name for name in ("zone", "hour", "day") if name in names])
    np.testing.assert_allclose(ours.predict(new), expected.predict(table), rtol=TEN_DIGITS)
    ours.save(tmp_path / "m.json")
    np.testing.assert_array_equal(steepest.load(tmp_path / "m.json").predict(new), ours.predict(new))


def test_what_became_of_the_rows_is_carried_over():
    table = trips().astype({"km": "float64"})
    table.loc[3, "km"] = np.nan
    table["dummy"] = np.where(np.arange(len(table)) < 5, -999.0, table.km.fillna(5.0))
    with pytest.warns(UserWarning, match="dummy is -999 in 4 rows"):
        model = steepest.fit(
            table, target="fare", features=["km", "dummy", "zone"], categorical=["zone"], missing="drop"
        )
    with pytest.warns(UserWarning, match="dummy is -999 in 4 rows"):
        ours = model.drop(["zone"])
    assert "80 rows read, 79 used, 1 dropped (1 missing km)" in str(ours.summary())
    assert "-999" not in str(model.drop(["dummy"]).summary())
    assert steepest.fit(table, target="fare", features=["km"], missing="drop").coef_[0] == pytest.approx(
        model.drop(["zone", "dummy"]).coef_[0], rel=TEN_DIGITS
    )


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (
            ["zone[b]"],
            r'^drop: zone\[b\] alone would change the meaning of zone\[b\], zone\[c\]. Drop the whole "zone"',
        ),
        (["hour^2"], r'alone would change the meaning of hour, hour\^2, hour\^3. Drop the whole "hour"'),
        (
            ["zone[c]:km"],
            r'alone .* of zone\[b\]:km, zone\[c\]:km. Drop the whole "zone:km", or nothing of it\.$',
        ),
        (
            ["zome"],
            r"^drop: there is no feature 'zome'. Did you mean \"zone\"\? Choose from km, zone, zone\[b\], ",
        ),
        ([3], "there is no feature 3"),
    ],
)
def test_names_that_cannot_be_dropped(names, message):
    model = steepest.fit(trips(), formula=FORMULA)
    with pytest.raises(InputError, match=message):
        model.drop(names)


def test_what_cannot_be_dropped():
    X, y, _ = rows()
    with pytest.raises(InputTypeError, match=r'drop: got \'x3\'. Pass a list of names: \["x3"\]'):
        LinearRegression().fit(X, y).drop("x3")
    with pytest.raises(InputError, match="neither a feature nor an intercept"):
        LinearRegression(fit_intercept=False).fit(X, y).drop([f"x{j}" for j in range(5)])
    alone = LinearRegression().fit(X, y).drop([f"x{j}" for j in range(5)])
    assert alone.intercept_ == pytest.approx(y.mean(), rel=1e-14)
    with pytest.raises(InputError, match="can be read only once"):
        LinearRegression(method="sgd", tol=1e3).fit(X, y).drop(["x0"])


def test_a_fit_that_did_not_read_all_rows_is_refused(tmp_path):
    import pyarrow.parquet as pq

    rng = np.random.default_rng(0)
    x, z = rng.normal(size=(2, 100_000))
    table = pa.table({"x": x, "z": z, "y": x + rng.normal(size=100_000)})
    pq.write_table(table, tmp_path / "t.parquet", row_group_size=1000)
    model = steepest.fit(tmp_path / "t.parquet", target="y", until={"x": 0.05})
    with pytest.raises(NotInferable, match=r"drop: only \d+ of 100000 rows were read"):
        model.drop(["z"])


@pytest.mark.filterwarnings("ignore:1 of 2 columns are so nearly")
def test_it_says_when_the_moments_are_not_precise_enough():
    rng = np.random.default_rng(0)
    a, c = rng.normal(size=(2, 100))
    b = a + 1e-7 * rng.normal(size=100)
    y = a + c + 0.1 * rng.normal(size=100)
    with pytest.warns(CollinearityWarning, match="nearly depend"):
        model = LinearRegression().fit(np.column_stack([a, b, c]), y)
    assert model.converged_
    with pytest.warns(ConvergenceWarning, match="rows cannot be read again"):
        ours = model.drop(["x2"])
    assert not ours.converged_
    assert model.drop(["x1"]).converged_


@pytest.mark.parametrize("factors", [(1.0, 2.0, 0.0, 3.0, 1.0), {"x1": 2.0, "x2": 0.0, "x3": 3.0}])
def test_penalties_stay_and_their_factors_follow(factors):
    X, y, _ = rows()
    model = LinearRegression(alpha=0.1, l1_ratio=0.5, penalty_factor=factors).fit(X, y).drop(["x1"])
    expected = LinearRegression(alpha=0.1, l1_ratio=0.5, penalty_factor=(1.0, 0.0, 3.0, 1.0)).fit(
        X[:, [0, 2, 3, 4]], y
    )
    np.testing.assert_allclose(model.coef_, expected.coef_, rtol=1e-8, atol=1e-12)
    model.partial_fit(X[:, [0, 2, 3, 4]], y)


def test_a_penalty_that_was_chosen_stays_and_its_path_does_not():
    X, y, _ = rows()
    model = LinearRegressionCV(cv=3).fit(X, y)
    ours = model.drop(["x1"])
    assert type(ours) is LinearRegressionCV
    assert (ours.alpha_, ours.l1_ratio_) == (model.alpha_, 1.0)
    expected = LinearRegression(alpha=model.alpha_, l1_ratio=1.0).fit(X[:, [0, 2, 3, 4]], y)
    np.testing.assert_allclose(ours.coef_, expected.coef_, rtol=1e-8, atol=1e-12)
    assert not hasattr(ours, "mse_path_")
    with pytest.raises(AttributeError, match="keeps no path"):
        ours.path()


@pytest.mark.filterwarnings("ignore:.*leave no freedom")
def test_more_columns_than_rows():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(20, 300)), rng.normal(size=20)
    with pytest.warns(CollinearityWarning, match="20 rows cannot tell 300 columns apart"):
        model = LinearRegression().fit(X, y)
    assert_same(model.drop([f"x{j}" for j in range(3, 300)]), LinearRegression().fit(X[:, :3], y))


def test_a_model_from_a_file(tmp_path):
    steepest.fit(CARS, target="dist").save(tmp_path / "m.json")
    model = steepest.load(tmp_path / "m.json").drop(["speed"])
    assert model.intercept_ == pytest.approx(42.98)
    np.testing.assert_allclose(model.predict(CARS), np.full(50, 42.98))
