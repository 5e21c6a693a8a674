"""A penalty chosen for a table: one pass, whatever the folds, and the choice of the same rows as arrays."""

import subprocess
import sys

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn.exceptions import ConvergenceWarning

import steepest
from steepest import LinearRegressionCV
from steepest.errors import InputError, InputTypeError, SteepestError
from steepest.sources.parquet import Parquet

FEATURES = ["a", "b", "c"]


def table(n=600, seed=0):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(rng.normal(size=(n, 3)) + 5, columns=FEATURES)
    frame["y"] = frame.a - 2 * frame.b + rng.normal(size=n)
    frame["fold"] = rng.integers(8, 12, size=n)
    return frame


def rivals(frame, w=None, *, ordered=False, **asked):
    """Return the choice for the same rows as arrays."""
    folds, cv = frame.fold.to_numpy(), frame.fold.to_numpy()
    if ordered:
        known = sorted(set(folds.tolist()))
        cv = [(np.flatnonzero(folds < each), np.flatnonzero(folds == each)) for each in known[1:]]
    return LinearRegressionCV(cv=cv, **asked).fit(frame[FEATURES], frame.y, w)


def assert_same(model, expected):
    np.testing.assert_allclose(model.alphas_, expected.alphas_, rtol=1e-12)
    np.testing.assert_allclose(model.mse_path_, expected.mse_path_, rtol=1e-12)
    assert (model.alpha_, model.l1_ratio_) == (pytest.approx(expected.alpha_, rel=1e-12), expected.l1_ratio_)
    np.testing.assert_allclose(model.coef_, expected.coef_, rtol=1e-12)
    np.testing.assert_allclose(model.coef_path_, expected.coef_path_, rtol=1e-10, atol=1e-13)


@pytest.fixture
def write(tmp_path):
    def write(frame, name="t.parquet"):
        path = tmp_path / name
        kind = name.split(".")[-1]
        if kind == "parquet":
            frame.to_parquet(path, row_group_size=97)
        elif kind == "ndjson":
            frame.to_json(path, orient="records", lines=True, double_precision=15)
        else:
            frame.to_csv(path, index=False)
        return path

    return write


@pytest.fixture
def passes(monkeypatch):
    """Count how often each row group is read."""
    read, batches = [], Parquet._batches

    def counted(self, group, names):
        read.append(group)
        return batches(self, group, names)

    monkeypatch.setattr(Parquet, "_batches", counted)
    return read


@pytest.mark.parametrize("ordered", [False, True])
@pytest.mark.parametrize(
    "asked", [{}, {"l1_ratio": [0.3, 1.0], "alphas": 25}, {"l1_ratio": 0, "alphas": [1, 0.1]}]
)
def test_a_file_gives_the_answer_of_its_arrays_in_one_pass(write, passes, ordered, asked):
    frame = table()
    model = steepest.path(write(frame), target="y", folds="fold", ordered=ordered, **asked)
    assert sorted(passes) == list(range(7))
    assert_same(model, rivals(frame, ordered=ordered, **asked))
    assert model.feature_names_in_.tolist() == FEATURES


@pytest.mark.parametrize("how", [{"cv": 4}, {"groups": "fold", "cv": 2, "random_state": 1}])
def test_folds_by_chance_take_one_pass_too(write, passes, how):
    steepest.path(write(table()), target="y", **how)
    assert sorted(passes) == list(range(7))


def test_ordered_folds_are_those_of_values_and_not_of_texts(write):
    """9 comes before 10: each fold is predicted from those before it."""
    frame = table()
    for values in (frame.fold, frame.fold.astype(str), frame.fold / 4):
        model = steepest.path(write(frame.assign(fold=values)), target="y", folds="fold", ordered=True)
        assert model.mse_path_.shape == (100, 3)
        assert_same(model, rivals(frame, ordered=True))


@pytest.mark.parametrize("values", ["text", "dates", "booleans", "categories"])
def test_folds_can_be_any_values(write, values):
    frame = table()
    codes = frame.fold % 2 if values == "booleans" else frame.fold - 8
    said = {
        "text": np.array(["north", "south", "east", "west"])[codes],
        "dates": pd.Timestamp("2020-12-30") + pd.to_timedelta(codes, "D"),
        "booleans": codes == 1,
        "categories": pd.Categorical(np.array(list("abcd"))[codes]),
    }[values]
    model = steepest.path(write(frame.assign(fold=said)), target="y", folds="fold")
    expected = rivals(frame.assign(fold=codes))
    assert sorted(model.mse_path_.mean(axis=0)) == pytest.approx(sorted(expected.mse_path_.mean(axis=0)))
    np.testing.assert_allclose(model.mse_path_.mean(axis=1), expected.mse_path_.mean(axis=1), rtol=1e-12)


CONTAINERS = {
    "pandas": lambda frame: frame,
    "polars": pl.DataFrame,
    "Arrow": lambda frame: pa.Table.from_pandas(frame, preserve_index=False),
    "stream": lambda frame: pa.Table.from_pandas(frame, preserve_index=False).to_reader(100),
}


@pytest.mark.parametrize("container", [*CONTAINERS, "csv", "ndjson", "files"])
def test_every_container_gives_the_same(write, container):
    frame = table()
    if container == "files":
        source = [write(frame[:250], "one.csv"), write(frame[250:], "two.csv")]
    else:
        source = CONTAINERS[container](frame) if container in CONTAINERS else write(frame, f"t.{container}")
    assert_same(steepest.path(source, target="y", folds="fold"), rivals(frame))


MEMORY = """
import os, resource, steepest
steepest.path("small.parquet", target="y", alphas=5, {how})  # imports all there is, and starts threads
pages = int(open("/proc/self/statm").read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
resource.setrlimit(resource.RLIMIT_AS, (pages + (400 << 20),) * 2)
model = steepest.path("d.parquet", target="y", alphas=5, {how})
print(model.moments_.rows, *model.mse_path_.shape)
"""


@pytest.mark.parametrize("how", ['folds="g"', "cv=4"])
def test_a_file_larger_than_memory_is_read(tmp_path, how):
    rng, rows = np.random.default_rng(0), 1 << 16
    data = pa.table({name: rng.integers(0, 50, rows).astype(float) for name in "abcdefgy"})
    data = data.set_column(6, "g", pa.array(rng.integers(0, 4, rows)))
    with pq.ParquetWriter(tmp_path / "d.parquet", data.schema, compression="snappy") as writer:
        for _ in range(130):
            writer.write_table(data)  # 545 MB in memory
    pq.write_table(data, tmp_path / "small.parquet", row_group_size=8192)
    command = [sys.executable, "-c", MEMORY.format(how=how)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout) == (0, f"{130 * rows} 5 4\n"), done.stderr


def test_folds_by_chance_are_those_of_the_seed(write):
    path = write(table())
    first, again, other = (
        steepest.path(path, target="y", exclude=["fold"], cv=4, random_state=seed).mse_path_
        for seed in (3, 3, 4)
    )
    np.testing.assert_array_equal(first, again)
    assert (first != other).any(axis=0).all()
    unsaid = steepest.path(path, target="y", exclude=["fold"], cv=4, random_state=None)
    zero = steepest.path(path, target="y", exclude=["fold"], cv=4, random_state=0)
    np.testing.assert_array_equal(unsaid.mse_path_, zero.mse_path_)
    drawn = steepest.path(path, target="y", cv=4, random_state=np.random.default_rng(0))
    assert drawn.mse_path_.shape == (100, 4)


def test_as_many_folds_as_are_asked_for_have_rows():
    assert steepest.path(table(50), target="y", cv=50, alphas=3).mse_path_.shape == (3, 50)


def test_no_group_is_on_both_sides():
    """A feature that tells the groups apart predicts nothing of groups that were not seen."""
    rng = np.random.default_rng(0)
    group, levels = np.repeat(np.arange(40), 30), 10 * rng.normal(size=40)
    frame = pd.DataFrame(np.eye(40)[group, 1:], columns=[f"is{i}" for i in range(1, 40)])
    frame["y"], frame["group"] = levels[group] + rng.normal(size=1200), group
    asked = {"target": "y", "l1_ratio": 0, "alphas": [1e-4], "cv": 4}
    apart = steepest.path(frame, groups="group", **asked)
    mixed = steepest.path(frame, exclude=["group"], **asked)
    assert mixed.mse_path_.mean() < 2
    assert apart.mse_path_.mean() > 50
    again = steepest.path(frame.sample(frac=1, random_state=0), groups="group", **asked)
    np.testing.assert_allclose(again.mse_path_, apart.mse_path_, rtol=1e-6)


def test_rows_without_a_label_are_refused_with_the_place_or_dropped(write):
    frame = table()
    frame.loc[[100, 300], "fold"] = np.nan
    for name, place in (
        ("t.parquet", "2 of 600 values are missing .*first at row 100"),
        ("t.csv", "line 102"),
    ):
        for which in ("folds", "groups"):
            with pytest.raises(InputError, match=rf"column 'fold': .*{place}.*missing=\"drop\""):
                steepest.path(write(frame, name), target="y", **{which: "fold"})
        model = steepest.path(write(frame, name), target="y", folds="fold", missing="drop")
        assert_same(model, rivals(frame.dropna()))
        assert "600 rows read, 598 used, 2 dropped (2 missing fold)" in str(model.summary())
    with pytest.raises(InputError, match=r"2 of 600 rows dropped \(2 missing fold\), more than 0%"):
        steepest.path(frame, target="y", folds="fold", missing="drop", max_dropped=0)


def test_weights_of_zero_are_rows_that_are_not_there(write):
    frame = table()
    w = np.random.default_rng(1).uniform(0.5, 2, 600)
    w[::7] = 0
    w[frame.fold == 9] = 0
    model = steepest.path(write(frame.assign(w=w)), target="y", folds="fold", weights="w")
    kept = w > 0
    assert model.mse_path_.shape == (100, 3)
    assert_same(model, rivals(frame[kept], w[kept]))


def test_levels_and_terms_are_coded_once_for_all_folds(write):
    frame = table().assign(city=np.array(["Oslo", "Lima", "Rome"])[np.arange(600) % 3])
    model = steepest.path(write(frame), target="y", folds="fold", categorical=["city"])
    assert model.feature_names_in_.tolist() == [*FEATURES, "city[Oslo]", "city[Rome]"]
    coded = frame.assign(Oslo=frame.city == "Oslo", Rome=frame.city == "Rome")
    expected = LinearRegressionCV(cv=frame.fold.to_numpy()).fit(coded[[*FEATURES, "Oslo", "Rome"]], frame.y)
    np.testing.assert_allclose(model.mse_path_, expected.mse_path_, rtol=1e-11)


def test_the_rest_of_a_formula_leaves_the_labels_out(write):
    for name in ("t.parquet", "t.csv"):
        path = write(table(), name)
        model = steepest.path(path, formula="y ~ .", folds="fold")
        assert model.feature_names_in_.tolist() == FEATURES
        assert_same(model, rivals(table()))
        origin = steepest.path(path, formula="y ~ . - 1", groups="fold", cv=2, random_state=1)
        assert origin.intercept_ == 0
        assert origin.feature_names_in_.tolist() == FEATURES


@pytest.mark.parametrize("kind", ["parquet", "csv"])
@pytest.mark.parametrize("missing", ["error", "drop"])
def test_a_formula_may_have_the_labels_for_a_term(write, kind, missing):
    frame = table().assign(day=lambda t: pd.to_datetime("2021-05-01") + pd.to_timedelta(t.fold, "D"))
    frame["day"] = frame.day.dt.date
    path = write(frame, f"t.{kind}")
    numbers = steepest.path(path, formula="y ~ a + fold", folds="fold", ordered=True, missing=missing)
    days = steepest.path(path, formula="y ~ a + days(day)", folds="day", ordered=True, missing=missing)
    assert days.feature_names_in_.tolist() == ["a", "days(day)"]
    np.testing.assert_allclose(days.mse_path_, numbers.mse_path_, rtol=1e-9)


def test_the_model_predicts_and_is_saved_without_the_labels(write, tmp_path):
    path = write(table())
    model = steepest.path(path, target="y", folds="fold")
    model.save(tmp_path / "m.json")
    new = table(5, seed=1)[FEATURES]
    again = steepest.load(tmp_path / "m.json")
    assert again.alpha == model.alpha_
    np.testing.assert_array_equal(again.predict(new), model.predict(new))
    for name in ("new.csv", "new.parquet"):
        np.testing.assert_array_equal(model.predict(write(new, name)), model.predict(new))
    np.testing.assert_allclose(
        model.predict(new), model.intercept_ + new.to_numpy() @ model.coef_, rtol=1e-12
    )
    assert "fold" not in (tmp_path / "m.json").read_text()


def test_a_file_that_changes_while_it_is_read_is_noticed(write, monkeypatch):
    path, batches = write(table()), Parquet._batches

    def touching(self, group, names):
        path.touch()
        return batches(self, group, names)

    monkeypatch.setattr(Parquet, "_batches", touching)
    with pytest.raises(SteepestError, match="changed while it was read"):
        steepest.path(path, target="y", folds="fold")


def test_arguments_are_checked_before_a_row_is_read(write, passes):
    path = write(table())
    for wrong in (
        {"eps": 2},
        {"pick": "max"},
        {"alphas": -1},
        {"l1_ratio": 7},
        {"cv": 1},
        {"tol": -1},
        {"random_state": -1},
    ):
        with pytest.raises(InputError, match=next(iter(wrong))):
            steepest.path(path, target="y", **wrong)
    assert passes == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"folds": "fol"}, 'no column "fol". Did you mean "fold"'),
        ({"folds": "y"}, "'y' would have two meanings. Name every column once"),
        ({"folds": "a", "features": ["a", "b"]}, "'a' would have two meanings"),
        ({"folds": "fold", "weights": "fold"}, "'fold' would have two meanings"),
        ({"folds": "fold", "groups": "fold"}, "folds: groups leaves them to chance. Name the column of one"),
        ({"ordered": True}, "ordered: there is no order of the folds. Name a column: folds="),
        ({"groups": "fold", "ordered": True}, "ordered: there is no order of the folds"),
        ({"folds": 3}, "3 is no name. Name columns by text"),
        ({"cv": 1}, "cv: got 1. Pass a whole number of folds, 2 or more"),
        ({"cv": "5"}, "cv: got '5'"),
        ({"cv": 601}, r"cv: 600 sample\(s\) make no 601 folds. Pass no more"),
        ({"cv": 1001}, "cv: got 1001. Pass no more than 1000 folds"),
        ({"random_state": "a"}, "random_state: got 'a'. Pass None or a whole number"),
        ({"random_state": 1.5}, "random_state: got 1.5"),
        ({"order": "any"}, 'order: got \'any\'. Pass "random" or "file"'),
        ({"features": []}, "alphas: no feature that varies is penalised"),
    ],
)
def test_hostile_arguments_are_refused_with_the_fix(arguments, message):
    with pytest.raises(SteepestError, match=message):
        steepest.path(table(), target="y", **arguments)


def test_the_target_of_a_formula_is_no_label():
    with pytest.raises(InputError, match=r"formula: 'fold' would have two meanings. Explain another column"):
        steepest.path(table(), formula="fold ~ a", folds="fold")


@pytest.mark.parametrize("kind", ["list", "struct"])
def test_labels_of_no_value_are_refused(kind):
    cell = [1] if kind == "list" else {"x": 1}
    rows = pa.table({"x": np.arange(9.0), "y": np.arange(9.0), "fold": pa.array([cell] * 9)})
    with pytest.raises(InputTypeError, match=r"column 'fold': holds .*Name another column"):
        steepest.path(rows, target="y", folds="fold")


@pytest.mark.parametrize(
    ("codes", "ordered", "fine"), [(1, False, False), (2, False, True), (2, True, False), (3, True, True)]
)
def test_a_column_of_few_folds(codes, ordered, fine):
    frame = table().assign(fold=np.arange(600) % codes)
    if fine:
        model = steepest.path(frame, target="y", folds="fold", ordered=ordered)
        assert model.mse_path_.shape == (100, codes - ordered)
        return
    with pytest.raises(
        InputError, match=r"cv: 1 split cannot tell .*Pass two folds or more, three if they are o"
    ):
        steepest.path(frame, target="y", folds="fold", ordered=ordered)


def test_a_column_of_too_many_folds_is_refused_with_the_fix(write):
    frame = table(1500).assign(fold=np.arange(1500))
    for source in (frame, write(frame)):
        with pytest.raises(InputError, match=r"folds: the rows are in more than 1000 of them. .*groups="):
            steepest.path(source, target="y", folds="fold")
    assert steepest.path(frame, target="y", groups="fold").mse_path_.shape == (100, 5)


def test_the_certificate_covers_every_point_of_every_fold():
    """Cut short, it says so, and no point of any path is further from the optimum than it says."""
    frame = table(120)
    with pytest.warns(ConvergenceWarning, match="out of steps after 1 step"):
        early = rivals(frame, max_iter=1, alphas=10, tol=0)
    exact = rivals(frame, alphas=10, tol=1e-12)
    curve, best = early._selected.curve, exact._selected.curve
    assert best.in_se <= 1e-12 or best.reached
    assert curve.in_se >= curve.path.in_se.max()
    n = best.path.normal
    distance = np.abs(curve.path.u - best.path.u).max(axis=0) / (n.se * n.inflation)
    assert distance.max() <= curve.in_se + best.in_se
