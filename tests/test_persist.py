"""The model file: exact, whole, and nothing else is taken for one."""

import hashlib
import json
import re

import numpy as np
import pandas as pd
import pytest

import steepest
from conftest import CARS
from steepest import LinearRegression
from steepest.errors import ModelFileError


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "cars.json"
    model = steepest.fit(CARS, target="dist")
    model.save(path)
    return model, path


def test_what_is_loaded_is_what_was_saved(saved, tmp_path):
    model, path = saved
    again = steepest.load(path)
    np.testing.assert_array_equal(again.predict(CARS), model.predict(CARS))
    np.testing.assert_array_equal(again.predict_interval(CARS), model.predict_interval(CARS))
    assert str(again.summary()) == str(model.summary())
    assert again.get_params() == model.get_params()
    assert again.certificate_ == model.certificate_
    again.save(tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == path.read_bytes()


def test_the_same_fit_gives_the_same_bytes_without_clock_or_path(saved, tmp_path):
    _, path = saved
    other = tmp_path / "elsewhere"
    other.mkdir()
    steepest.fit(CARS, target="dist").save(other / "b.json")
    text = path.read_text()
    assert (other / "b.json").read_text() == text
    assert str(tmp_path) not in text
    assert "cars.csv" not in text
    assert text.endswith("}")
    assert set(json.loads(text)) == {
        "schema",
        "sha256",
        "columns",
        "parameters",
        "fit",
        "refined",
        "moments",
        "provenance",
    }


def test_rows_added_after_loading_are_merged(tmp_path):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 2)), rng.normal(size=60)
    LinearRegression().fit(X[:30], y[:30]).save(tmp_path / "m.json")
    grown = steepest.load(tmp_path / "m.json").partial_fit(X[30:], y[30:])
    np.testing.assert_allclose(grown.coef_, LinearRegression().fit(X, y).coef_, rtol=1e-11)


@pytest.mark.parametrize(
    "make",
    [
        lambda: LinearRegression(fit_intercept=False, method="cg", tol=0.5).fit(
            np.eye(3), [1, 2, 3.0], [1, 2, 1e200]
        ),
        lambda: LinearRegression().fit(np.arange(5.0)[:, None] * 1e150, np.arange(5.0) * 1e-150),
        lambda: steepest.fit(pd.DataFrame({'"><script>\n\u202e': [1.0, 2, 4], "ÿ": [1.0, 2, 3]}), target="ÿ"),
        lambda: LinearRegression(learning_rate=0.5).fit(np.arange(9.0)[:, None], np.arange(9.0) % 3),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_odd_models_come_back(make, tmp_path):
    model = make()
    model.save(tmp_path / "m.json")
    again = steepest.load(tmp_path / "m.json")
    np.testing.assert_array_equal(again.coef_, model.coef_)
    assert again.intercept_ == model.intercept_
    np.testing.assert_array_equal(again.moments_.scatter, model.moments_.scatter)


def test_every_flipped_byte_and_every_truncation_is_noticed(saved, tmp_path):
    _, path = saved
    data, damaged = path.read_bytes(), tmp_path / "damaged.json"
    for at in range(len(data)):
        damaged.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        with pytest.raises(ModelFileError):
            steepest.load(damaged)
    for length in range(0, len(data), 7):
        damaged.write_bytes(data[:length])
        with pytest.raises(ModelFileError):
            steepest.load(damaged)
    damaged.write_bytes(data + b"\n")
    with pytest.raises(ModelFileError):
        steepest.load(damaged)


def rehashed(data):
    """Return a document with the hash that its contents ask for."""
    found = re.search(rb'"sha256": "([0-9a-f]{64})"', data)
    rest = data[: found.start(1)] + data[found.end(1) :]
    return data[: found.start(1)] + hashlib.sha256(rest).hexdigest().encode() + data[found.end(1) :]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"numeric"', b'"magical"'),
        (b'"rows": 50', b'"rows": -1'),
        (b'"rows": 50', b'"rows": NaN'),
        (b'"rows": 50', b'"rows": 1e999'),
        (b'"steps": 1', b'"steps": "1"'),
        (b'"coef": [', b'"coef": [1, '),
        (b'"scale": "auto"', b'"scale": "auto", "scale": "auto"'),
        (b'"names": ["speed"', b'"names": ["pace"'),
        (b'"status": "CONVERGED"', b'"status": "PERFECT"'),
        (b'"provenance"', b'"prov"'),
    ],
)
def test_a_file_with_a_good_hash_and_a_bad_heart_is_refused(saved, old, new):
    _, path = saved
    data = path.read_bytes()
    assert old in data
    path.write_bytes(rehashed(data.replace(old, new, 1)))
    with pytest.raises(ModelFileError, match="is no intact model"):
        steepest.load(path)


def test_other_schemas_are_refused_by_number(saved):
    _, path = saved
    path.write_bytes(path.read_bytes().replace(b'"schema": 1', b'"schema": 2', 1))
    with pytest.raises(ModelFileError, match="no model of schema 1"):
        steepest.load(path)


def test_saving_leaves_no_other_file_behind(saved, tmp_path):
    model, path = saved
    with pytest.raises(FileNotFoundError):
        model.save(tmp_path / "none" / "m.json")
    path.unlink()
    (tmp_path / "folder.json").mkdir()
    with pytest.raises(OSError):  # noqa: PT011 - the operating system's own
        model.save(tmp_path / "folder.json")
    assert [p.name for p in tmp_path.iterdir()] == ["folder.json"]
