"""What is said before the last row has been read is true, and where a pass is ended depends on data alone."""

import copy
import warnings

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scipy import stats
from sklearn.exceptions import ConvergenceWarning

import steepest
from steepest.anytime import FEWEST, MOST_GROUPS, Until, most_groups, standing
from steepest.chunk import Counts
from steepest.engines.tree import Tree
from steepest.errors import DataWarning, InputError
from steepest.fitting import fit
from steepest.learning import learn
from steepest.moments import Moments
from steepest.parameters import Parameters
from steepest.sources.base import Selection
from steepest.sources.open import open_table
from studies import live as study


def rows(n=640, p=2, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) + 3
    return np.column_stack([X, 1 + X @ np.arange(1, p + 1) + rng.normal(size=n)])


def pieces(table, sizes, weights=None):
    ends = np.cumsum(sizes)
    return [
        Moments.of(table[end - size : end], None if weights is None else weights[end - size : end])
        for size, end in zip(sizes, ends, strict=True)
    ]


def refitted(table, weights, intercept):
    X = np.column_stack([np.ones(len(table)), table[:, :-1]]) if intercept else table[:, :-1]
    root = np.sqrt(weights)
    X, y = X * root[:, None], table[:, -1] * root
    b = np.linalg.lstsq(X, y, rcond=None)[0]
    variance = np.sum((y - X @ b) ** 2) / (len(X) - X.shape[1])
    return b, np.sqrt(np.diag(np.linalg.inv(X.T @ X)) * variance), len(X) - X.shape[1]


def brute_force(table, sizes, share, weights=None, intercept=True):
    """Return estimates, `move` and `reach` from rows that are fitted again without each group."""
    weights = np.ones(len(table)) if weights is None else weights
    group = np.repeat(np.arange(len(sizes)), sizes)
    estimate, se, freedom = refitted(table, weights, intercept)
    without = [refitted(table[group != j], weights[group != j], intercept)[0] for j in range(len(sizes))]
    h = weights.sum() / np.bincount(group, weights)
    pseudo = [hj * estimate - (hj - 1) * each for hj, each in zip(h, without, strict=True)]
    center = len(h) * estimate - sum((1 - 1 / hj) * each for hj, each in zip(h, without, strict=True))
    steps = (np.array(pseudo) - center) / np.sqrt(h - 1)[:, None]
    variance, g = (steps**2).mean(axis=0), len(h)
    excess = (g - 1) / ((g - 2) * (g - 3)) * ((g + 1) * ((steps**4).mean(axis=0) / variance**2 - 3) + 6)
    known_by = 2 / (2 / (g - 1) + np.maximum(excess, 0) / g)
    move = stats.t.ppf(0.975, known_by) * np.sqrt(variance * (1 - share))
    return estimate, move, np.hypot(move, stats.t.ppf(0.975, freedom) * se * np.sqrt(share))


EQUAL, UNEQUAL = [40] * 16, [10, 90, 40, 40, 60, 20, 80, 15, 25, 55, 45, 100, 30, 30]


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("sizes", [EQUAL, UNEQUAL])
def test_numbers_are_those_of_a_jackknife_that_fits_the_rows_again(sizes, weighted, intercept):
    table = rows()[np.argsort(rows()[:, 0])]
    weights = np.random.default_rng(1).uniform(0.1, 5, len(table)) if weighted else None
    stands = standing(pieces(table, sizes, weights), intercept=intercept, share=0.3)
    estimate, move, reach = brute_force(table, sizes, 0.3, weights, intercept)
    np.testing.assert_allclose(stands.estimate, estimate, rtol=1e-10)
    np.testing.assert_allclose(stands.move, move, rtol=1e-8)
    np.testing.assert_allclose(stands.reach, reach, rtol=1e-8)


@pytest.mark.parametrize("weights", [None, np.random.default_rng(1).uniform(0.1, 5, 640)])
@pytest.mark.parametrize("always", [True, False])
def test_in_the_end_intervals_are_those_of_the_fit(always, weights):
    table = rows()
    model = steepest.LinearRegression().fit(table[:, :-1], table[:, -1], sample_weight=weights)
    told = model.inference()
    stands = standing(pieces(table, EQUAL, weights), intercept=True, share=1.0, always=always)
    assert (stands.move == 0).all()
    assert stands.names == told.names
    assert stands.rows == 640
    np.testing.assert_allclose(stands.reach, (told.high - told.low) / 2, rtol=1e-10)
    np.testing.assert_allclose([stands.sigma, stands.r2], [told.sigma, told.r2], rtol=1e-10)


def test_intervals_that_hold_at_any_time_are_wider_and_narrow_down_to_the_others():
    groups, ratios = pieces(rows(), EQUAL), []
    for share in (0.01, 0.1, 0.5, 0.9, 1.0):
        once, always = (standing(groups, intercept=True, share=share, always=each) for each in (False, True))
        np.testing.assert_array_equal(once.move, always.move)
        ratios.append((always.reach / once.reach).max())
    assert (np.diff(ratios) < 0).all()
    assert ratios[-2] > 1.1
    assert ratios[-1] == 1


def test_units_change_nothing():
    table = rows()
    size = np.array([2.0**300, 2.0**-200, 2.0**130])
    plain = standing(pieces(table, EQUAL), intercept=True, share=0.3)
    other = standing(pieces(table * size, EQUAL), intercept=True, share=0.3)
    factor = size[-1] / np.append(1.0, size[:-1])
    for name in ("estimate", "move", "reach"):
        np.testing.assert_allclose(getattr(other, name), getattr(plain, name) * factor, rtol=1e-10)
    np.testing.assert_allclose(other.sigma, plain.sigma * size[-1])
    np.testing.assert_allclose([other.r2, other.ordered], [plain.r2, plain.ordered])


@pytest.mark.parametrize("size", [2.0**550, 2.0**-600])
def test_units_whose_squares_are_no_float64_change_nothing(size):
    plain = standing(pieces(rows(), EQUAL), intercept=True, share=0.3)
    other = standing(pieces(rows() * [1, 1, size], EQUAL), intercept=True, share=0.3)
    np.testing.assert_allclose(other.reach, plain.reach * size, rtol=1e-10)


def test_offsets_cost_no_digits():
    table = rows()
    plain = standing(pieces(table, EQUAL), intercept=True, share=0.3)
    far = standing(pieces(table + np.array([2.0**30, 0, 2.0**30]), EQUAL), intercept=True, share=0.3)
    np.testing.assert_allclose(far.move[1:], plain.move[1:], rtol=1e-5)


def test_columns_that_do_not_vary_are_left_out():
    table = np.insert(rows(), 1, 7.0, axis=1)
    stands = standing(pieces(table, EQUAL), intercept=True, share=0.3)
    assert stands.names == ("(intercept)", "x0", "x2")
    np.testing.assert_allclose(stands.move, brute_force(rows(), EQUAL, 0.3)[1], rtol=1e-8)


def test_a_group_in_which_nothing_varies_is_a_group():
    table = rows()
    table[:40, 0] = 2.5
    stands = standing(pieces(table, EQUAL), intercept=True, share=0.3)
    np.testing.assert_allclose(stands.move, brute_force(table, EQUAL, 0.3)[1], rtol=1e-8)


def test_rows_that_determine_nothing_stand_nowhere():
    table = rows()
    collinear = np.insert(table, 2, table[:, 0] - 2 * table[:, 1], axis=1)
    assert standing(pieces(collinear, EQUAL), intercept=True, share=0.3) is None
    assert standing(pieces(table[:3], [1, 2]), intercept=True, share=0.3) is None
    table[:, -1] = 5
    assert standing(pieces(table, EQUAL), intercept=True, share=0.3) is None
    assert standing([Moments.empty(2)], intercept=True, share=0.3) is None


def test_fewer_than_ten_groups_or_no_random_order_give_estimates_alone():
    few = standing(pieces(rows(), [71] * 8 + [72]), intercept=True, share=0.3)
    unordered = standing(pieces(rows(), EQUAL), intercept=True, share=None)
    empty = standing([*pieces(rows(), [71] * 8 + [72]), Moments.empty(2)], intercept=True, share=0.3)
    for each in (few, unordered, empty):
        assert each.move is None
        assert each.reach is None
        np.testing.assert_allclose(each.estimate, refitted(rows(), np.ones(640), True)[0])


def test_rows_that_are_sorted_are_noticed():
    table = rows()
    by_target = table[np.argsort(table[:, -1])]
    assert standing(pieces(table, EQUAL), intercept=True, share=0.3).ordered < 1.7
    assert standing(pieces(by_target, EQUAL), intercept=True, share=0.3).ordered > 3


def test_a_column_that_one_group_alone_determines_is_survived_without_intercept():
    table = rows()
    table[:, 0] = np.arange(640) < 40
    stands = standing(pieces(table, EQUAL), intercept=False, share=0.3)
    assert stands.move is None or not np.isfinite(stands.move[0])


def test_what_one_group_alone_determines_may_move_anywhere():
    table = rows()
    table[:, 0] = np.arange(640) < 40
    stands = standing(pieces(table, EQUAL), intercept=True, share=0.3)
    assert stands.move is None or not np.isfinite(stands.move[1])


def test_rows_on_a_line_have_nowhere_to_move():
    table = np.round(4 * rows())
    table[:, -1] = 2 * table[:, 0]
    stands = standing(pieces(table, EQUAL), intercept=True, share=0.3)
    assert stands.reach.max() < 1e-9
    assert np.isfinite(stands.ordered)


@pytest.mark.parametrize("arrangement", ["random", "target"])
def test_intervals_cover_and_those_for_rows_in_random_order_would_not(arrangement):
    runs = study.simulate(40, arrangement, "normal", shares=(0.4,), files=80)[0.4]
    assert 0.90 < study.covered(runs.off, runs.move).mean() < 0.98
    assert study.covered(runs.away, runs.reach).mean() > 0.90
    if arrangement == "target":
        assert study.covered(runs.off, runs.naive).mean() < 0.75


def test_runs_that_stop_when_they_like_are_seldom_wrong():
    for goal, stops in study.stopping(20, "feature", "normal", goals=(2.0,), runs=100).items():
        assert stops.file.mean() < 0.05, goal
        assert stops.line.mean() < 0.15, goal


# until


def looks_of(goal, count, most=MOST_GROUPS):
    """Return the numbers of pieces at which `Until` says yes."""
    table = rows(count * 8)
    until, tree = Until({"x0": goal}, intercept=True, rows=2 * len(table)), Tree(most)
    yes = []
    for moments in pieces(table, [8] * count):
        tree.add((moments,), 8)
        if until(tree):
            yes.append(tree.pieces)
    return yes


def test_looks_begin_with_ten_pieces_and_grow_rarer():
    yes = looks_of(1e9, 140)
    assert yes == [*range(FEWEST, 64), *range(64, 128, 2), *range(128, 141, 4)]
    assert looks_of(1e-9, 140) == []


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("anytime")


def written(folder, table, names, name="t.parquet", group=50):
    columns = {each: table[:, j] for j, each in enumerate(names)}
    pq.write_table(pa.table(columns), folder / name, row_group_size=group)
    return folder / name


@pytest.fixture(scope="module")
def path(folder):
    return written(folder, rows(2000), ("a", "b", "y"))


@pytest.fixture(scope="module")
def ordinary(path):
    return steepest.fit(path, target="y").inference()


def half(told):
    return (told.high - told.low) / 2


def test_a_fit_until_intervals_are_narrow_says_so_and_keeps_it(path, ordinary, folder):
    goal = 2.5 * half(ordinary)[1]
    model = steepest.fit(path, target="y", until={"a": goal})
    told = model.inference()
    assert 500 <= told.n < 2000
    assert half(told)[1] <= goal
    part = np.sqrt(2000 / told.n)
    assert (half(told) > 1.1 * part * half(ordinary)).all()
    summary = str(model.summary())
    assert f"stopped after {told.n / 20:.3g}% of 2000 rows, in random order" in summary
    assert "intervals allow for that" in summary
    model.save(folder / "m.json")
    again = steepest.load(folder / "m.json")
    assert str(again.summary()) == summary
    np.testing.assert_array_equal(again.inference().high, told.high)


def test_the_order_decides_where_it_ends(path, ordinary):
    goal = {"a": 2.5 * half(ordinary)[1]}
    one, two, other = (
        steepest.fit(path, target="y", until=goal, random_state=seed).inference() for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one.estimate, two.estimate)
    assert (other.estimate != one.estimate).all()


def test_goals_beyond_the_data_read_all_rows(path, ordinary):
    model = steepest.fit(path, target="y", until={"a": half(ordinary)[1] / 2})
    assert "stopped" not in str(model.summary())
    np.testing.assert_array_equal(half(model.inference()), half(ordinary))


@pytest.mark.parametrize(
    ("until", "words"),
    [
        ({"aa": 0.1}, "there is no coefficient 'aa'"),
        ({"y": 0.1}, "there is no coefficient 'y'"),
        ({"a": 0.0}, "the half-width of 'a' is 0"),
        ({"a": float("nan")}, "the half-width of 'a' is nan"),
        ({"a": float("inf")}, "the half-width of 'a' is inf"),
    ],
)
def test_goals_that_make_no_sense_are_refused(path, until, words):
    with pytest.raises(InputError, match=words):
        steepest.fit(path, target="y", until=until)


def test_the_intercept_is_no_goal_without_one(path):
    assert steepest.fit(path, target="y", until={"(intercept)": 9.0}).inference().n < 2000
    with pytest.raises(InputError, match="there is no coefficient"):
        steepest.fit(path, target="y", until={"(intercept)": 9.0}, fit_intercept=False)


def test_rows_in_their_own_order_or_of_unknown_number_are_refused(path, folder):
    with pytest.raises(InputError, match="rows that come in their own order"):
        steepest.fit(path, target="y", until={"a": 0.1}, order="file")
    lines = ["a,y", *(f"{x},{y}" for x, y in rows(50, 1).tolist())]
    (folder / "t.csv").write_text("\n".join(lines))
    with pytest.raises(InputError, match="rows that come in their own order"):
        steepest.fit(folder / "t.csv", target="y", until={"a": 0.1})


class InterruptedPassError(Exception):
    pass


def read_until(path, goal, *, tree=None, at=None):
    """Fit, and be interrupted after so many pieces; return the fit and the trees as they were."""
    table, trees = open_table(path), {}
    source = Selection(table, learn(table, target="y"), 0)

    def watch(done):
        trees[done.pieces] = copy.deepcopy(done)
        if done.pieces == at:
            raise InterruptedPassError

    tree = Tree(most_groups(3)) if tree is None else tree
    try:
        return fit(source, Parameters(), watch=watch, tree=tree, until=goal), trees
    except InterruptedPassError:
        return None, trees


def test_a_pass_that_is_taken_up_again_ends_where_it_would_have(path, ordinary):
    goal = {"a": 2.5 * half(ordinary)[1]}
    whole, trees = read_until(path, goal)
    assert 12 < max(trees) < 40
    for at in (5, 11, max(trees) - 1):
        _, interrupted = read_until(path, goal, at=at)
        again, rest = read_until(path, goal, tree=interrupted[at])
        assert min(rest) >= at
        assert max(rest) == max(trees)
        assert again.sample == whole.sample
        np.testing.assert_array_equal(again.coef, whole.coef)


def test_a_pass_that_had_reached_its_goals_reads_no_more(path, ordinary):
    goal = {"a": 2.5 * half(ordinary)[1]}
    whole, trees = read_until(path, goal)
    again, _ = read_until(path, goal, tree=trees[max(trees)])
    assert again.counts == whole.counts


def test_dropped_rows_count_as_read(folder):
    table = rows(2000)
    table[::10, 0] = np.nan
    path = written(folder, table, ("a", "b", "y"), "dropped.parquet")
    model = steepest.fit(path, target="y", missing="drop", until={"a": 0.1})
    counts = model._fit.counts
    assert isinstance(counts, Counts)
    assert counts.read < 2000
    assert f"stopped after {counts.read / 20:.3g}% of 2000 rows" in str(model.summary())


def test_intervals_of_means_are_widened_too(path, ordinary):
    model = steepest.fit(path, target="y", until={"(intercept)": 3 * half(ordinary)[0]})
    told = model.inference()
    zero = pa.table({"a": [0.0], "b": [0.0]})
    low, high = model.predict_interval(zero, kind="mean")[0]
    assert high - low >= (told.high - told.low)[0] * (1 - 1e-9)


def test_no_goals_read_all_rows(path):
    assert steepest.fit(path, target="y", until={}).inference().n == 2000


def test_a_descent_that_did_not_arrive_is_returned(path):
    with pytest.warns(ConvergenceWarning):
        model = steepest.fit(path, target="y", until={"a": 1.0}, method="gd", learning_rate=0.01, max_iter=1)
    assert not model.converged_


def test_rows_on_a_line_can_be_fitted_until(folder):
    table = np.round(4 * rows(2000))
    table[:, -1] = 2 * table[:, 0]
    path = written(folder, table, ("a", "b", "y"), "line.parquet")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        model = steepest.fit(path, target="y", until={"a": 0.1})
    assert model.coef_[0] == pytest.approx(2)


def test_a_fit_with_a_constant_column_can_be_saved(folder):
    path = written(folder, np.insert(rows(2000), 2, 7.0, axis=1), ("a", "b", "c", "y"), "constant.parquet")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = steepest.fit(path, target="y", until={"a": 1.0})
    model.save(folder / "constant.json")


def test_goals_that_only_the_last_row_reaches_are_no_stop(path, ordinary):
    model = steepest.fit(path, target="y", until={"a": 1.0001 * half(ordinary)[1]})
    assert model.inference().n == 2000
    assert "stopped" not in str(model.summary())


def test_so_many_columns_that_groups_are_not_kept_apart_are_refused(folder):
    table = rows(60, 370)
    assert most_groups(371) == 2
    path = written(folder, table, (*(f"x{j}" for j in range(370)), "y"), "wide.parquet", group=4)
    with pytest.raises(InputError, match="columns"):
        steepest.fit(path, target="y", until={"x0": 100.0})


def test_goals_that_are_no_numbers_are_refused(path):
    with pytest.raises(InputError):
        steepest.fit(path, target="y", until={"a": "narrow"})
