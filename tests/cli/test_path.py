"""What a person at a terminal sees of ``steepest path``."""

import json

import numpy as np
import pandas as pd
import pytest

import steepest as package


@pytest.fixture
def data(tmp_path):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(200, 4)), columns=["a", "b", "c", "d"])
    frame["y"] = 2 * frame.a - frame.b + rng.normal(size=200)
    frame["year"] = 2000 + np.arange(200) // 40
    frame.to_csv(tmp_path / "t.csv", index=False)
    frame.to_parquet(tmp_path / "t.parquet", row_group_size=60)
    return frame


def test_a_choice_is_a_table_and_the_summary_of_its_fit(steepest, data):
    result = steepest("path", "t.csv", "-t", "y", "--folds", "year")
    assert (result.code, result.err) == (0, "")
    lines = result.out.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0] == "y: lasso, 200 rows, 4 features; 5 folds x 100 penalties from one pass"
    model = package.path(data, target="y", folds="year")
    assert f"alpha {model.alpha_:.6g}, with the lowest error" in result.out
    assert result.out.rstrip() == f"{model.path()}\n\n{model.summary()}"


def test_the_document_is_that_of_the_model(steepest, data):
    asked = ["--l1-ratio", "0.5,1", "--alphas", "12", "--eps", "0.01", "--pick", "1se", "--folds", "year"]
    result = steepest("path", "t.parquet", "-t", "y", "--json", *asked)
    assert (result.code, result.err) == (0, "")
    told = json.loads(result.out)
    model = package.path(data, target="y", folds="year", l1_ratio=[0.5, 1], alphas=12, eps=0.01, pick="1se")
    assert told["command"] == "path"
    assert (told["alpha"], told["pick"]) == (pytest.approx(model.alpha_, rel=1e-12), "1se")
    np.testing.assert_allclose([curve["mse"] for curve in told["curves"]], model.mse_path_, rtol=1e-11)
    assert told["data"]["used"] == 200
    assert told["convergence"]


def test_the_model_that_is_written_predicts_without_the_folds(steepest, data, tmp_path):
    result = steepest("path", "t.csv", "-t", "y", "--folds", "year", "--ordered", "-o", "m.json")
    assert (result.code, result.err) == (0, "saved m.json\n")
    data.drop(columns=["year", "y"]).to_csv(tmp_path / "new.csv", index=False)
    predicted = steepest("predict", "m.json", "new.csv", "--only")
    assert predicted.code == 0
    model = package.path(data, target="y", folds="year", ordered=True)
    found = [float(line) for line in predicted.out.splitlines()[1:]]
    np.testing.assert_allclose(found, model.predict(data), rtol=1e-12)
    assert "lasso" in steepest("show", "m.json").out
    assert steepest("path", "t.csv", "-t", "y", "-o", "m.json").code == 4
    assert steepest("path", "t.csv", "-t", "y", "-o", "m.json", "--force", "-q").out == ""


def test_folds_by_chance_are_those_of_the_seed(steepest, data):
    def errors(*more):
        told = json.loads(steepest("path", "t.csv", "-t", "y", "--json", "--alphas", "3", *more).out)
        return told["curves"][0]["mse"]

    assert errors() == errors("--random-state", "0")
    assert errors() != errors("--random-state", "1")
    by_year = errors("--groups", "year", "--cv", "3")
    assert len(by_year[0]) in (2, 3)


def test_a_table_can_come_from_standard_input(steepest, data, tmp_path):
    text = (tmp_path / "t.csv").read_text()
    piped = steepest("path", "-", "-t", "y", "--folds", "year", stdin=text)
    assert piped.code == 0
    assert piped.out == steepest("path", "t.csv", "-t", "y", "--folds", "year").out


def test_options_of_the_penalty_reach_the_fit(steepest, data):
    arguments = ["-t", "y", "--folds", "year", "--json", "--alphas", "5", "--no-intercept", "--positive"]
    told = json.loads(steepest("path", "t.csv", *arguments, "--penalty-factor", "c: 0").out)
    (curve,) = told["curves"]
    assert np.min(curve["coef"]) >= 0
    assert not any(curve["intercept"])
    model = package.path(
        data,
        target="y",
        folds="year",
        alphas=5,
        fit_intercept=False,
        positive=True,
        penalty_factor={"c": 0},
    )
    np.testing.assert_allclose(curve["coef"], model.coef_path_, atol=1e-12)


def test_zero_penalties_are_one_of_nothing(steepest, data):
    told = json.loads(steepest("path", "t.csv", "-t", "y", "--json", "--alphas", "0.5,0").out)
    assert told["curves"][0]["alphas"] == [0.5, 0]
    assert told["alpha"] == 0


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--alphas", "some"], 2, '"some" are not numbers from 0'),
        (["--alphas", "1,-1"], 2, '"1,-1" are not numbers'),
        (["--alphas", "1,nan"], 2, "are not numbers"),
        (["--eps", "0"], 2, "0.0 is not in the range"),
        (["--eps", "1"], 2, "1.0 is not in the range"),
        (["--l1-ratio", "2"], 2, '"2" are not numbers from 0 to 1'),
        (["--l1-ratio", ","], 2, "are not numbers from 0 to 1"),
        (["--cv", "1"], 2, "1 is not in the range x>=2"),
        (["--cv", "1001"], 3, "Pass no more than 1000 folds"),
        (["--cv", "201"], 3, "200 sample(s) make no 201 folds"),
        (["--pick", "max"], 2, "'max' is not one of 'min', '1se'"),
        (["--ordered"], 2, "--ordered needs --folds COLUMN"),
        (["--folds", "year", "--groups", "year"], 2, "choose one"),
        (["--folds", "yaer"], 3, 'did you mean "year"'),
        (["--folds", "y"], 3, "'y' would have two meanings"),
        (["--penalty-factor", "e: 1"], 3, "there is no feature 'e'"),
        (["-o", "none/m.json"], 4, "no such directory"),
        (["--max-iter", "1", "--tol", "0", "--folds", "year", "-q"], 5, ""),
    ],
)
def test_what_is_wrong_has_a_code_and_a_fix(steepest, data, arguments, code, words):
    result = steepest("path", "t.csv", "-t", "y", *arguments)
    assert result.code == code
    assert words in result.err
    assert result.out == ""


def test_a_choice_never_loads_scikit_learn(steepest, data, tmp_path):
    (tmp_path / "sklearn.py").write_text("raise ImportError('scikit-learn was asked for')\n")
    result = steepest("path", "t.csv", "-t", "y", PYTHONPATH=str(tmp_path))
    assert (result.code, result.err) == (0, "")


def test_help_names_every_option(steepest):
    shown = steepest("path", "--help").out
    for option in ("--l1-ratio", "--alphas", "--eps", "--cv", "--folds", "--groups", "--ordered", "--pick"):
        assert f"  {option} " in shown
