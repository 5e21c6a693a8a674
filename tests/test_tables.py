import numpy as np
import pandas as pd
import pytest

import steepest
from conftest import CARS
from steepest.errors import InputError


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

    batches = Csv.batches

    def appending(self, names, order=None, text=()):
        yield from batches(self, names, order, text)
        with path.open("a") as file:
            file.write("4,4\n")

    monkeypatch.setattr(Csv, "batches", appending)
    with pytest.raises(steepest.SteepestError, match="changed while it was read"):
        steepest.fit(path, target="y")


def test_public_names_are_all_there():
    assert set(steepest.__all__) <= set(dir(steepest))
    for name in steepest.__all__:
        assert getattr(steepest, name) is not None
    with pytest.raises(AttributeError):
        steepest.nothing  # noqa: B018
