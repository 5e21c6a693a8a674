"""The loop: where it starts, when it ends, what it says, and that it can be interrupted."""

import pickle
import re
import signal
import subprocess
import sys
import warnings

import numpy as np
import pyarrow as pa
import pytest
from sklearn.exceptions import ConvergenceWarning

import steepest
from steepest import LinearRegression
from steepest.errors import InputError
from steepest.methods import METHODS


def quietly(model, *rows):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(*rows)


# --- warm start


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("scale", ["standard", "none"])
def test_a_warm_start_begins_where_the_last_fit_ended(cars, method, scale):
    X, y = cars
    model = LinearRegression(method=method, scale=scale, warm_start=True, max_iter=4, random_state=0)
    quietly(model, X, y)
    ended = np.append(model.intercept_, model.coef_)
    quietly(model, X, y + 3 * X[:, 0])
    began = model.history_.coef[0]
    if scale == "standard":  # the intercept follows the slope
        ended[0] = np.mean(y + 3 * X[:, 0]) - ended[1] * X.mean()
    np.testing.assert_allclose(began, ended, rtol=1e-9)
    cold = quietly(LinearRegression(method=method, scale=scale, max_iter=4, random_state=0), X, y)
    quietly(cold, X, y)
    np.testing.assert_allclose(cold.history_.coef[0][1], 0, atol=1e-12)


def test_a_warm_start_at_the_answer_takes_no_step(cars):
    model = LinearRegression(method="gd", scale="none", warm_start=True, max_iter=30_000, tol=1e-4).fit(*cars)
    taken = model.n_iter_
    assert model.fit(*cars).n_iter_ == 0
    assert taken > 1000
    assert model.converged_


def test_a_descent_can_be_continued_by_warm_starts(cars):
    whole = quietly(LinearRegression(method="gd", scale="none", max_iter=60), *cars)
    parts = LinearRegression(method="gd", scale="none", max_iter=20, warm_start=True)
    for _ in range(3):
        quietly(parts, *cars)
    np.testing.assert_allclose(parts.coef_, whole.coef_, rtol=1e-9)


def test_warm_starts_need_the_same_features_and_a_start_that_is_near(cars):
    X, y = cars
    model = LinearRegression(warm_start=True).fit(X, y)
    before = dict(model.__dict__)
    with pytest.raises(InputError, match=r"warm_start: the fit before had other features: x0\."):
        model.fit(np.column_stack([X, X**2]), y)
    assert model.__dict__ == before
    diverged = LinearRegression(method="gd", learning_rate=3.0, on_divergence="record", warm_start=True)
    quietly(diverged, X, y)
    with pytest.raises(InputError, match="too far away to begin with"):
        diverged.set_params(learning_rate="auto").fit(X, 1e-150 * y)


def test_partial_fit_is_a_merge_and_may_start_warm(cars):
    X, y = cars
    model = LinearRegression(method="gd", scale="none", warm_start=True, max_iter=5)
    quietly(model, X[:25], y[:25])
    ended = model.coef_
    with pytest.warns(ConvergenceWarning):
        model.partial_fit(X[25:], y[25:])
    np.testing.assert_allclose(model.history_.coef[0][1:], ended, rtol=1e-12)
    assert model.moments_.rows == 50


# --- the verdict


def words(model):
    return " ".join(str(model.summary()).split())


@pytest.mark.parametrize("method", ["gd", "steepest", "momentum", "nesterov"])
def test_the_verdict_promises_a_number_of_steps_that_is_enough(cars, method):
    asked = {"method": method, "scale": "none", "tol": 1e-3}
    model = quietly(LinearRegression(**asked, max_iter=2), *cars)
    text = words(model)
    assert "NOT CONVERGED: still " in text
    assert re.search(r"SE away after 2 steps \((x0|\(intercept\)) is worst\)", text)
    more = int(text.split("take ")[1].split(" more steps at most")[0].replace(",", ""))
    assert more + 2 == model.limits_.steps
    again = LinearRegression(**asked, max_iter=2 + more).fit(*cars)
    assert again.converged_
    assert method == "steepest" or again.n_iter_ > (2 + more) / 4


def test_without_a_promise_the_pace_is_extrapolated():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 20)) * np.geomspace(1, 0.03, 20)
    y = X.sum(axis=1) + rng.normal(size=300)
    model = quietly(LinearRegression(method="bb", scale="none", max_iter=40), X, y)
    more = int(words(model).split("take about ")[1].split(" more steps")[0].replace(",", ""))
    needed = LinearRegression(method="bb", scale="none").fit(X, y).n_iter_ - 40
    assert needed / 4 < more < 4 * needed


def test_the_verdict_of_circling_names_noise_and_remedies(cars):
    with pytest.warns(ConvergenceWarning, match="circling in its noise"):
        model = LinearRegression(method="sgd", random_state=0).fit(*cars)
    assert 'take a smaller learning_rate or larger batches, or choose method="newton"' in words(model)


# --- interruption


INTERRUPTED = """
import os, signal, threading, time
import numpy as np
from steepest import LinearRegression
rng = np.random.default_rng(0)
X = rng.normal(size=(200, 30)) * np.geomspace(1, 1e-7, 30)
y = X.sum(axis=1) + rng.normal(size=200)
model = LinearRegression(method="gd", scale="none", max_iter=3).fit(X, y)
before = dict(model.__dict__)
model.max_iter = 10**9
before["max_iter"] = 10**9
begun = threading.Event()

class Watch:
    def setup(self, estimator, context): pass
    def teardown(self, estimator, context): pass
    def on_fit_task_begin(self, estimator, context): pass
    def on_fit_task_end(self, estimator, context):
        if context.task_id == 50:
            os.kill(os.getpid(), signal.SIGINT)

model.set_callbacks(Watch())
before["_skl_callbacks"] = model._skl_callbacks
try:
    model.fit(X, y)
except KeyboardInterrupt:
    print("interrupted", model.__dict__ == before)
"""


def test_an_interrupt_during_a_descent_leaves_the_model_untouched():
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", INTERRUPTED], capture_output=True, text=True, timeout=60
    )
    assert done.stdout == "interrupted True\n", done.stderr


def test_a_long_descent_shows_its_progress_and_ends_at_an_interrupt(tmp_path):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(100, 30)) * np.geomspace(1, 1e-7, 30)
    table = tmp_path / "t.csv"
    head = ",".join([f"x{j}" for j in range(30)] + ["y"])
    np.savetxt(table, np.column_stack([X, X.sum(axis=1)]), delimiter=",", header=head, comments="")
    arguments = ["fit", str(table), "-t", "y", "--method", "gd", "--scale", "none", "--max-iter", "100000000"]
    process = subprocess.Popen(
        [sys.executable, "-m", "steepest", *arguments, "-o", str(tmp_path / "m.json")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    line = process.stderr.readline()
    process.send_signal(signal.SIGINT)
    out, rest = process.communicate(timeout=30)
    assert line.startswith("step ")
    assert " away\n" in line
    assert (process.returncode, out) == (130, "")
    assert rest == "error[interrupted]: stopped before the end\n"
    assert not (tmp_path / "m.json").exists()


# --- what a fit keeps


@pytest.mark.parametrize("method", METHODS)
def test_a_fit_keeps_no_rows(method):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(20_000, 3))
    model = quietly(LinearRegression(method=method, max_iter=15, random_state=0), X, X.sum(axis=1))
    assert len(pickle.dumps(model)) < 30_000


def test_the_loop_costs_little_beside_its_steps(cars):
    """A million rows or fifty: the steps of a descent cost the same."""
    rng = np.random.default_rng(0)
    seconds = []
    for n in (1_000, 400_000):
        X = rng.normal(size=(n, 5)) * np.geomspace(1, 0.1, 5)
        model = LinearRegression(method="gd", scale="none", tol=1e-9)
        model.fit(X, X.sum(axis=1) + rng.normal(size=n))
        seconds.append(np.median(model.history_["duration_ms"][1:]))
    assert max(seconds) < 20 * min(seconds)


@pytest.mark.parametrize(
    ("parameters", "match"),
    [
        ({"on_divergence": "recrod"}, 'Did you mean "record"'),
        ({"random_state": -1}, "random_state: got -1"),
        ({"random_state": "x"}, "random_state: got 'x'"),
        ({"warm_start": 1}, "warm_start: got 1"),
    ],
)
def test_parameters_are_checked(cars, parameters, match):
    with pytest.raises(InputError, match=match):
        LinearRegression(**parameters).fit(*cars)


def test_a_table_takes_all_of_them(cars, tmp_path):
    frame = {"speed": cars[0][:, 0].tolist(), "dist": cars[1].tolist()}
    model = steepest.fit(
        pa.table(frame), target="dist", method="sgd", random_state=np.random.default_rng(3), tol=1
    )
    assert model.converged_
    assert model.history_.names == ("(intercept)", "speed")
