"""What a person at a terminal sees of ``steepest predict``."""

import subprocess
import sys

import numpy as np
import pytest

from conftest import CARS
from steepest import LinearRegression


@pytest.fixture
def model(steepest):
    steepest("fit", CARS, "-t", "dist", "-o", "cars.json", "-q")
    return "cars.json"


def rows_of(text):
    header, *lines = text.splitlines()
    return header.split(","), np.array([[float(cell) for cell in line.split(",")] for line in lines])


def test_predictions_are_csv_with_the_columns_they_came_from(steepest, model, tmp_path, cars):
    (tmp_path / "new.csv").write_text("speed\n10\n30\n")
    result = steepest("predict", model, "new.csv", "--interval")
    header, rows = rows_of(result.out)
    assert header == ["speed", "dist_pred", "dist_low", "dist_high"]
    expected = LinearRegression().fit(*cars)
    np.testing.assert_allclose(rows[:, 1], expected.predict([[10], [30]]), rtol=1e-14)
    np.testing.assert_allclose(rows[:, 2:], expected.predict_interval([[10], [30]]), rtol=1e-12)
    np.testing.assert_allclose(rows[0, 1:], [21.745, -9.810, 53.300], atol=5e-4)
    assert result.err == "note: 1 of 2 rows (first line 3) outside the fitted range, speed 4..25\n"


def test_columns_are_matched_by_name_and_may_be_left_out(steepest, model, tmp_path):
    (tmp_path / "new.csv").write_text('who,speed\n"a, b",10\nc,20\n')
    out = steepest("predict", model, "new.csv").out
    assert out.startswith('who,speed,dist_pred\n"a, b",10,21.74')
    assert steepest("predict", model, "new.csv", "--only").out.startswith("dist_pred\n21.74")


def test_predictions_go_to_a_file_that_is_not_overwritten(steepest, model, tmp_path):
    assert steepest("predict", model, CARS, "-o", "p.csv").out == ""
    assert len((tmp_path / "p.csv").read_text().splitlines()) == 51
    assert steepest("predict", model, CARS, "-o", "p.csv").code == 4
    assert steepest("predict", model, CARS, "-o", "p.csv", "--force").code == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cars.json", "p.csv"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Speed\n10\n", "'speed' for 'speed'"),
        ("speed\nfast\n", "holds text"),
        ("speed\n10\n\n,\n", ""),
        ("speed,x\n10,1\n,2\n", "first at line 3"),
    ],
)
def test_rows_that_cannot_be_predicted_are_refused(steepest, model, tmp_path, text, words):
    (tmp_path / "new.csv").write_text(text)
    result = steepest("predict", model, "new.csv", "-o", "p.csv")
    assert result.code == 3
    assert words.lower() in result.err.lower()
    assert not (tmp_path / "p.csv").exists()


def test_a_damaged_model_is_exit_6(steepest, model, tmp_path):
    text = (tmp_path / model).read_text()
    (tmp_path / "bad.json").write_text(text.replace("50", "51", 1))
    for arguments in (["predict", "bad.json", CARS], ["show", "bad.json"], ["show", CARS]):
        result = steepest(*arguments)
        assert result.code == 6
        assert result.err.startswith("error[model-file]: ")
    assert steepest("show", "none.json").code == 4


def test_models_of_arrays_predict_by_their_column_names(steepest, tmp_path):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(20, 2))
    LinearRegression().fit(X, X.sum(axis=1) + rng.normal(size=20)).save(tmp_path / "m.json")
    (tmp_path / "new.csv").write_text("x1,x0\n1,2\n")
    assert steepest("predict", "m.json", "new.csv").code == 0


def test_a_closed_pipe_ends_quietly(steepest, tmp_path, model):
    (tmp_path / "many.csv").write_text("speed\n" + "10\n" * 300_000)
    script = f"{sys.executable} -m steepest predict cars.json many.csv | head -1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout == "speed,dist_pred\n"
    assert (done.returncode, done.stderr) == (0, "")


def test_columns_that_are_passed_on_are_not_touched(steepest, model, tmp_path):
    (tmp_path / "new.csv").write_text("id,zip,price,day,speed\n9007199254740993,00123,1.50,2020-1-2,10\n")
    line = steepest("predict", model, "new.csv").out.splitlines()[1]
    assert line.startswith("9007199254740993,00123,1.50,2020-1-2,10,21.74")


def test_a_model_without_features_predicts_its_mean(steepest, tmp_path):
    (tmp_path / "t.csv").write_text("y,other\n1,a\n2,b\n6,c\n")
    assert steepest("fit", "t.csv", "-t", "y", "--exclude", "other", "-o", "m.json").code == 0
    assert steepest("predict", "m.json", "t.csv", "--only").out == "y_pred\n3\n3\n3\n"


def test_no_rows_are_a_header(steepest, model, tmp_path):
    (tmp_path / "new.csv").write_text("speed\n")
    result = steepest("predict", model, "new.csv")
    assert (result.code, result.out) == (0, "speed,dist_pred\n")


def test_infinite_features_and_doubled_columns_are_refused(steepest, model, tmp_path):
    (tmp_path / "new.csv").write_text("speed\n10\ninf\n")
    result = steepest("predict", model, "new.csv", "--interval")
    assert result.code == 3
    assert "column 'speed': 1 of 2 values are infinite" in result.err
    (tmp_path / "again.csv").write_text("speed,dist_pred\n10,1\n")
    assert "would be there twice" in steepest("predict", model, "again.csv").err


def test_unseen_levels_are_an_error_or_a_counted_baseline(steepest, tmp_path):
    rows = "".join(f"{i % 5},{'abc'[i % 3]},{i % 5 + (i % 3) ** 2 + i % 7}\n" for i in range(60))
    (tmp_path / "t.csv").write_text("x,zone,y\n" + rows)
    (tmp_path / "new.csv").write_text("x,zone\n1,a\n1,z\n2,c\n1,z\n")
    formula = "y ~ x*C(zone)"
    assert steepest("fit", "t.csv", "--formula", formula, "-o", "m.json", "-q").code == 0
    refused = steepest("predict", "m.json", "new.csv")
    assert refused.code == 3
    assert 'levels unseen at the fit, such as "z", first at line 3' in refused.err
    done = steepest("predict", "m.json", "new.csv", "--only", "--unseen", "baseline")
    assert done.code == 0
    _, a, z, c, again = done.out.split()
    assert a == z == again != c
    assert "note: 2 of 4 rows have unseen levels of 'zone', taken for its baseline" in done.err
    (tmp_path / "new.csv").write_text("x,zone\n1,z\n1,\n")
    missing = steepest("predict", "m.json", "new.csv", "--unseen", "baseline")
    assert (missing.code, "1 of 2 values are missing" in missing.err) == (3, True)
