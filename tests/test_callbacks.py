"""Scikit-learn's callbacks, on every method."""

import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.callback import ProgressBar, ScoringMonitor
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from steepest import LinearRegression


class Diary:
    """Writes down what it is told, and asks for the end after some steps."""

    def __init__(self, most=None):
        self.most, self.lines, self.coefficients = most, [], []

    def setup(self, estimator, context):
        self.lines.append("setup")

    def teardown(self, estimator, context):
        self.lines.append("teardown")

    def on_fit_task_begin(self, estimator, context, *, X=None):
        self.lines.append(f"{context.task_name} begins")

    def on_fit_task_end(self, estimator, context, *, X=None, y=None, fitted_estimator=None):
        self.lines.append(f"{context.task_name} ends")
        if context.task_name == "step" and fitted_estimator is not None:
            self.coefficients.append(np.append(fitted_estimator.intercept_, fitted_estimator.coef_))
            assert fitted_estimator.predict(X).shape == y.shape
            return self.most is not None and len(self.coefficients) >= self.most
        return False


@pytest.fixture
def slow():
    return LinearRegression(method="gd", scale="none", max_iter=20)


def test_every_step_is_told_with_the_fit_as_it_is(cars, slow):
    diary = Diary()
    with pytest.warns(ConvergenceWarning, match="out of steps after 20 steps"):
        slow.set_callbacks(diary).fit(*cars)
    np.testing.assert_array_equal(diary.coefficients, slow.history_.coef[1:])
    steps = ["step begins", "step ends"]
    assert diary.lines == ["setup", "fit begins", *20 * steps, *steps, "fit ends", "teardown"]


def test_a_true_answer_ends_the_descent(cars, slow):
    slow.set_callbacks(Diary(most=3)).fit(*cars)
    assert slow.n_iter_ == 3
    assert not slow.converged_
    text = " ".join(str(slow.summary()).split())
    assert "fit NOT CONVERGED: still " in text
    assert " after 3 steps (x0 is worst) gradient descent: stopped as asked; take 21," in text


def test_a_fit_that_a_callback_ended_is_no_early_stop_of_ours(cars):
    model = LinearRegression(early_stopping="gcv", scale="none").set_callbacks(Diary(most=2))
    model.fit(*cars)
    assert model.n_iter_ == 2
    assert model.early_stop_ is None


@pytest.mark.parametrize("method", ["newton", "cg", "sgd", "bb"])
def test_every_method_tells(cars, method):
    diary = Diary(most=2)
    model = LinearRegression(method=method, random_state=0, scale="none", tol=1e-9).set_callbacks(diary)
    model.fit(*cars)
    assert len(diary.coefficients) == model.n_iter_ <= 2


def test_an_error_in_a_callback_leaves_the_model_as_it_was(cars, slow):
    class Failing(Diary):
        def on_fit_task_end(self, estimator, context):
            raise RuntimeError("no")

    with pytest.warns(ConvergenceWarning):
        slow.fit(*cars)
    failing = Failing()
    slow.set_callbacks(failing)
    before = dict(slow.__dict__)
    with pytest.raises(RuntimeError, match="no"):
        slow.fit(*cars)
    assert slow.__dict__ == before
    assert failing.lines[-1] == "teardown"


def test_the_progress_bar_and_the_scoring_monitor_of_scikit_learn(cars, slow, capsys):
    monitor = ScoringMonitor(scoring="r2")
    with pytest.warns(ConvergenceWarning):
        slow.set_callbacks(ProgressBar(), monitor).fit(*cars)
    assert "LinearRegression - fit" in capsys.readouterr().out
    scores = monitor.get_logs(select="most_recent").data_as_pandas
    assert scores is not None


def test_callbacks_reach_through_pipelines_and_searches(cars):
    X, y = cars
    diary = Diary()
    inner = LinearRegression(method="cg").set_callbacks(diary)
    make_pipeline(StandardScaler(), inner).fit(X, y)
    assert diary.lines.count("fit ends") == 1
    search = GridSearchCV(LinearRegression(), {"method": ["cg", "newton"]}, cv=2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        search.set_callbacks(ProgressBar()) if hasattr(search, "set_callbacks") else None
    assert search.fit(X, y).best_estimator_.converged_
    assert clone(inner).method == "cg"
