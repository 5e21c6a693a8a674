"""What every method of the registry owes, one that is written by somebody else included."""

import json
import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

import steepest
from methods.toy import Swing
from steepest import LinearRegression
from steepest.cli import main
from steepest.methods import METHODS, method_of
from truth import least_squares

SCALES = ("standard", "center", "none")
NAMES = (*METHODS, Swing.name)
FULL = [name for name in NAMES if name == Swing.name or not METHODS[name].stochastic]


@pytest.fixture(autouse=True)
def registered(monkeypatch):
    """One line: the toy is a method like any other."""
    monkeypatch.setitem(METHODS, Swing.name, Swing())


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 4)) @ rng.normal(size=(4, 4)) + [3, 0, -1, 5]
    return X, X @ [1, -1, 2, 0] + 4 + rng.normal(size=60)


def fitted(rows, **parameters):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return LinearRegression(random_state=0, **parameters).fit(*rows)


@pytest.mark.parametrize("method", FULL)
@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_all_roads_lead_to_the_optimum(rows, method, scale, fit_intercept):
    exact = LinearRegression(fit_intercept=fit_intercept).fit(*rows)
    model = LinearRegression(
        method=method, scale=scale, fit_intercept=fit_intercept, max_iter=2_000_000, tol=1e-8
    )
    model.fit(*rows)
    assert model.converged_
    assert (np.abs(model.coef_ - exact.coef_) <= 2e-8 * exact.inference().se[-4:]).all()


@pytest.mark.parametrize("method", NAMES)
@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("max_iter", [1, 3, 40])
def test_wherever_it_stops_the_answer_is_within_the_certificate(rows, method, scale, fit_intercept, max_iter):
    model = fitted(rows, method=method, scale=scale, fit_intercept=fit_intercept, max_iter=max_iter)
    truth = least_squares(*rows, fit_intercept=fit_intercept)
    assert truth.distance(model) <= model.certificate_.in_se
    assert truth.distance_of_means(model) <= model.certificate_.in_se
    assert model.n_iter_ <= max_iter


@pytest.mark.parametrize("method", NAMES)
@pytest.mark.parametrize("scale", SCALES)
def test_the_bound_holds_at_every_recorded_step(rows, method, scale):
    model = fitted(rows, method=method, scale=scale, max_iter=300)
    truth, history = least_squares(*rows), model.history_
    away = np.abs(history.coef - truth.estimate.astype(float)) / truth.se.astype(float)
    assert (away.max(axis=1) <= history["distance_se"]).all()
    assert history["distance_se"][-1] == model.certificate_.in_se
    assert np.array_equal(history.coef[-1], [model.intercept_, *model.coef_])
    assert history["iteration"][-1] == model.n_iter_
    assert history["iteration"][0] == 0
    assert (history["gap"] >= 0).all()
    loss = np.mean((rows[1][:, None] - rows[0] @ history.coef[:, 1:].T - history.coef[:, 0]) ** 2, axis=0) / 2
    assert history["loss"] == pytest.approx(loss, rel=1e-9)


@pytest.mark.parametrize("method", FULL)
def test_a_guarantee_is_kept(rows, method):
    for scale in SCALES:
        model = fitted(rows, method=method, scale=scale, max_iter=300)
        limits, history = model.limits_, model.history_
        if limits.guarantee is None:
            continue
        left = np.sqrt(history["gap"] / history["gap"][0])
        promised = np.array([limits.envelope(k) for k in history["iteration"].tolist()])
        assert (left <= promised * (1 + 1e-6) + 1e-7).all()
        if limits.steps is not None and model.converged_:
            assert model.n_iter_ <= limits.steps


@pytest.mark.parametrize("method", FULL)
def test_what_never_increases_never_does(rows, method):
    if not method_of(method).monotone:
        pytest.skip("its gap may grow")
    gap = fitted(rows, method=method, scale="none", max_iter=300).history_["gap"]
    assert (np.diff(gap) <= 1e-12 * gap[0]).all()


@pytest.mark.parametrize("method", NAMES)
@pytest.mark.parametrize("weights", [None, "some"])
def test_weights_are_those_of_least_squares(rows, method, weights):
    X, y = rows
    w = None if weights is None else np.random.default_rng(1).choice([0.0, 1.0, 2.0, 7.0], size=len(y))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = LinearRegression(method=method, random_state=0, max_iter=500).fit(X, y, w)
    kept = slice(None) if w is None else w > 0
    truth = least_squares(X[kept], y[kept], None if w is None else w[kept])
    assert truth.distance(model) <= model.certificate_.in_se <= 1


@pytest.mark.parametrize("method", NAMES)
def test_it_is_reached_by_name_and_saved_with_its_arguments(rows, method, tmp_path):
    for chosen in (method, METHODS[method]):
        model = fitted(rows, method=chosen, max_iter=20)
        assert clone(model).get_params()["method"] == chosen
        model.save(tmp_path / "model.json")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            loaded = steepest.load(tmp_path / "model.json")
        assert loaded.method == chosen
        assert str(loaded.summary()) == str(model.summary())
        with pytest.raises(AttributeError, match="keeps no steps"):
            _ = loaded.history_


@pytest.mark.parametrize("method", NAMES)
def test_the_command_knows_it(rows, method, tmp_path, capsys):
    table = tmp_path / "t.csv"
    np.savetxt(table, np.column_stack(rows), delimiter=",", header="a,b,c,d,y", comments="")
    with pytest.raises(SystemExit):
        main(["fit", str(table), "-t", "y", "--method", method, "--max-iter", "50", "--json"])
    told = json.loads(capsys.readouterr().out)["convergence"]
    model = fitted(rows, method=method, max_iter=50)
    assert (told["method"], told["iterations"]) == (METHODS[method].title, model.n_iter_)
    assert told["distance_se"] == pytest.approx(model.certificate_.in_se, rel=0.1)


def test_the_toy_passes_through_this_matrix():
    assert Swing.name in NAMES
    assert method_of("swing") == Swing()
