import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import steepest
from conftest import CARS
from steepest.errors import InputError, SteepestError


def test_a_fit_to_a_table_predicts_from_tables(tmp_path):
    model = steepest.fit(CARS, target="dist")
    assert model.coef_[0] == pytest.approx(3.932409, rel=1e-6)
    frame = pd.DataFrame({"other": [0.0, 0], "speed": [10, 30]})
    frame.to_csv(tmp_path / "new.csv", index=False)
    expected = model.intercept_ + model.coef_[0] * np.array([10, 30])
    np.testing.assert_allclose(model.predict(frame), expected, rtol=1e-15)
    np.testing.assert_allclose(model.predict(tmp_path / "new.csv"), expected, rtol=1e-15)
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        np.testing.assert_allclose(model.predict(np.array([[10.0], [30.0]])), expected, rtol=1e-15)
    assert model.predict_interval(frame).shape == (2, 2)
    with pytest.raises(InputError, match="no column 'speed'"):
        model.predict(frame[["other"]])


def test_parameters_and_weights_pass_through():
    table = pd.DataFrame({"x": [1.0, 2, 3, 4], "y": [1.0, 3, 2, 9], "w": [1, 1, 1, 0]})
    model = steepest.fit(table, target="y", weights="w", fit_intercept=False, method="cg")
    assert model.get_params()["method"] == "cg"
    assert model.intercept_ == 0
    assert model.coef_[0] == pytest.approx((1 + 6 + 6) / 14)
    assert "4 rows read, 3 used, 1 dropped (1 zero weight)" in str(model.summary())
    with pytest.raises(TypeError):
        steepest.fit(table, target="y", alpah=1)


def test_a_file_that_changes_while_it_is_read_is_noticed(tmp_path, monkeypatch):
    path = tmp_path / "t.csv"
    path.write_text("x,y\n1,2\n2,3\n3,5\n")
    from steepest.sources.delimited import Csv

    slabs = Csv.slabs

    def appending(self, names, text=()):
        yield from slabs(self, names, text)
        with path.open("a") as file:
            file.write("4,4\n")

    monkeypatch.setattr(Csv, "slabs", appending)
    with pytest.raises(steepest.SteepestError, match="changed while it was read"):
        steepest.fit(path, target="y")


def test_public_names_are_all_there():
    assert set(steepest.__all__) <= set(dir(steepest))
    for name in steepest.__all__:
        assert getattr(steepest, name) is not None
    with pytest.raises(AttributeError):
        steepest.nothing  # noqa: B018


def cities(**columns):
    rng = np.random.default_rng(0)
    city = np.array(["Oslo", "Lima", "Rome"])[rng.integers(0, 3, size=60)]
    x = rng.normal(size=60)
    y = x + (city == "Rome") * 2 - (city == "Oslo") + 0.1 * rng.normal(size=60)
    return pd.DataFrame({"city": city, "x": x, "y": y, **columns})


CONTAINERS = {
    "pandas": lambda table: table,
    "pandas categories": lambda table: table.assign(city=table.city.astype("category")),
    "polars": pl.DataFrame,
    "polars categories": lambda table: pl.DataFrame(table).with_columns(pl.col("city").cast(pl.Categorical)),
    "Arrow": pa.Table.from_pandas,
    "Arrow dictionaries": lambda table: pa.Table.from_pandas(
        table.assign(city=table.city.astype("category"))
    ),
}


@pytest.mark.parametrize("container", [*CONTAINERS, "csv", "parquet"])
def test_categories_are_coded_alike_in_every_container(container, tmp_path):
    table = cities()
    if container in ("csv", "parquet"):
        source = tmp_path / f"t.{container}"
        getattr(table, f"to_{container}")(source, index=False)
    else:
        source = CONTAINERS[container](table)
    model = steepest.fit(source, target="y", categorical=["city"])
    assert model.feature_names_in_.tolist() == ["city[Oslo]", "city[Rome]", "x"]
    dummies = pd.get_dummies(table.city)[["Oslo", "Rome"]].assign(x=table.x)
    expected = steepest.LinearRegression().fit(dummies, table.y)
    np.testing.assert_allclose(model.coef_, expected.coef_, rtol=1e-10)
    np.testing.assert_allclose(model.predict(source), expected.predict(dummies), rtol=1e-10)
    model.save(tmp_path / "m.json")
    np.testing.assert_array_equal(steepest.load(tmp_path / "m.json").predict(source), model.predict(source))


def test_levels_unseen_at_the_fit_are_refused_by_name():
    model = steepest.fit(cities(), target="y", categorical=["city"])
    new = pd.DataFrame({"city": ["Rome", "Paris", "Bonn"], "x": [0.0, 1, 2]})
    message = (
        r"column 'city': 2 of 3 values are of levels unseen at the fit, such as \"Paris\", first at row 1"
    )
    with pytest.raises(InputError, match=message):
        model.predict(new)
    with pytest.raises(InputError, match="column 'city': 1 of 1 values are missing, first at row 0"):
        model.predict(pd.DataFrame({"city": [None], "x": [0.0]}).astype({"city": "string"}))
    assert model.predict(new[:1]).shape == (1,)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, r"column 'city': holds text, not numbers. .*categorical=\[\"city\"\]"),
        ({"categorical": ["town"]}, 'no column "town"'),
        ({"categorical": "city"}, "categorical: got 'city'. Pass a list"),
        ({"categorical": ["city"], "exclude": ["city"]}, "'city' is no feature"),
        ({"categorical": ["city"], "missing": "skip"}, 'missing: got \'skip\'. Pass "error" or "drop"'),
    ],
)
def test_bad_categories_are_refused(arguments, message):
    with pytest.raises(SteepestError, match=message):
        steepest.fit(cities(), target="y", **arguments)


def test_a_stream_has_no_second_pass_for_levels():
    with pytest.raises(InputError, match="levels of 'city' take a pass of their own"):
        steepest.fit(pa.Table.from_pandas(cities()).to_reader(), target="y", categorical=["city"])


@pytest.mark.parametrize("container", [*CONTAINERS, "csv"])
def test_rows_with_missing_cells_are_dropped_and_counted_by_cause(container, tmp_path):
    table = cities(w=1.0)
    table.loc[[3, 7], "x"] = np.nan
    table.loc[[7, 9], "y"] = np.nan
    table.loc[11, "city"] = None
    table.loc[12, "w"] = np.nan
    complete = table.dropna()
    source = tmp_path / "t.csv"
    if container == "csv":
        table.to_csv(source, index=False)
    else:
        source = CONTAINERS[container](table)
    columns = {"target": "y", "weights": "w", "categorical": ["city"]}
    model = steepest.fit(source, missing="drop", **columns)
    expected = steepest.fit(complete, **columns)
    np.testing.assert_allclose(model.coef_, expected.coef_, rtol=1e-12)
    assert model.moments_.rows == 55
    counted = "60 rows read, 55 used, 5 dropped (1 missing city, 2 missing x, 1 missing y, 1 missing w)"
    assert counted.split(" (")[0] in str(model.summary())
    assert all(cause in str(model.summary()) for cause in ("1 missing city", "2 missing x", "1 missing y"))
    with pytest.raises(InputError, match="missing"):
        steepest.fit(source, **columns)


def test_whole_numbers_keep_their_digits_beside_missing_ones():
    ids = 2**60 + np.arange(30)
    table = pa.table({"id": pa.array([*ids.tolist(), None], pa.int64()), "y": np.arange(31.0) % 7})
    expected = steepest.fit(pa.table({"id": np.arange(30), "y": np.arange(30.0) % 7}), target="y")
    model = steepest.fit(table, target="y", missing="drop")
    np.testing.assert_allclose(model.coef_, expected.coef_, rtol=1e-10)


def test_errors_name_the_row_before_others_were_dropped():
    table = cities()
    table.loc[2, "x"] = np.nan
    table.loc[5, "x"] = np.inf
    with pytest.raises(InputError, match="column 'x': 1 of 59 values are infinite, first at row 5"):
        steepest.fit(table, target="y", categorical=["city"], missing="drop")


def test_nothing_to_fit_is_refused():
    table = pd.DataFrame({"y": [1.0, 2, 4]})
    assert steepest.fit(table, target="y", features=[]).intercept_ == pytest.approx(7 / 3)
    with pytest.raises(InputError, match="no column beside the target 'y'"):
        steepest.fit(table, target="y")
    with pytest.raises(InputError, match="neither a feature nor an intercept"):
        steepest.fit(table, target="y", features=[], fit_intercept=False)


def test_rows_are_dropped_up_to_a_limit(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("x,y\n1,2\n?,3\n3,4\n4,6\n")
    options = {"target": "y", "na": ["?"], "missing": "drop"}
    assert steepest.fit(path, **options, max_dropped=0.25).moments_.rows == 3
    with pytest.raises(SteepestError, match=r"1 of 4 rows dropped \(1 missing x\), more than 20%"):
        steepest.fit(path, **options, max_dropped=0.2)


def test_features_may_be_patterns(tmp_path):
    table = pd.DataFrame({"lag_1": [1.0, 2, 4, 3], "y": [2.0, 1, 5, 3], "lag_2": [0.0, 1, 3, 2], "b": 1.0})
    model = steepest.fit(table, target="y", features=["lag_*"], exclude=["*_2"])
    assert model.feature_names_in_.tolist() == ["lag_1"]
    with pytest.raises(SteepestError, match='no column "x_\\*"'):
        steepest.fit(table, target="y", features=["x_*"])


def test_missing_cells_are_named_in_the_order_of_the_file(tmp_path):
    table = pd.DataFrame({"x": np.arange(5000.0), "y": np.arange(5000.0) % 7})
    table.loc[[700, 3000], "x"] = np.inf
    table.to_parquet(tmp_path / "t.parquet", row_group_size=100)
    with pytest.raises(SteepestError, match=r"2 of 5000 values are infinite, first at row 700"):
        steepest.fit(tmp_path / "t.parquet", target="y")
