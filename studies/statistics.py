"""Whether the inference is true: coverage, p-values, bias, standard errors, and the claim to have converged.

    python -m studies.statistics [--replicates 2000] [--save]

Rows are drawn about a known line, fitted by `LinearRegression`, and its statements counted. Limits lie 3.3
standard errors from what theory says: a true statement falls outside once in a thousand times.
"""

import warnings
from dataclasses import dataclass
from itertools import product

import numpy as np
from scipy import stats
from sklearn.exceptions import ConvergenceWarning

from steepest import LinearRegression
from studies.command import run
from truth import least_squares

LEVELS = (0.80, 0.95, 0.99)
SIZES = (20, 200, 5000)
FEW = 8
FEATURES = (1, 5)
SIGMA = 0.7
AWAY = 3.3
NEAR = 1e-2
"""Standard errors that a fit which claims to have converged may be from the exact answer."""


@dataclass(frozen=True)
class Replicates:
    """What B fits of k = p + 1 coefficients said, the intercept first.

    Attributes
    ----------
    beta : (k,) array
    estimate, se, p : (B, k) arrays
    f_p, sigma2 : (B,) arrays
    off : dict of level to (B, k + 2) array
        How far each coefficient, the mean at a point and a new observation there were from the middle of
        their interval, in half-widths of it: up to one, it held them.
    """

    beta: np.ndarray
    estimate: np.ndarray
    se: np.ndarray
    p: np.ndarray
    f_p: np.ndarray
    sigma2: np.ndarray
    off: dict[float, np.ndarray]


def simulate(n, p, *, fixed=True, null=False, levels=LEVELS, replicates=2000, seed=0):
    """Fit rows of a known line again and again, of a line of zeros under the null."""
    rng = np.random.default_rng([seed, n, p, fixed, null])
    beta = np.zeros(p + 1) if null else np.linspace(1, -2, p + 1)
    design, at = rng.normal(size=(n, p)), np.linspace(-1, 2, p)
    mean = beta[0] + at @ beta[1:]
    told, off = [], {level: [] for level in levels}
    for _ in range(replicates):
        X = design if fixed else rng.normal(size=(n, p))
        model = LinearRegression().fit(X, beta[0] + X @ beta[1:] + SIGMA * rng.normal(size=n))
        truth = [*beta, mean, mean + SIGMA * rng.normal()]
        for level in levels:
            low, high = intervals(model, at, level).T
            off[level].append(np.abs(2 * np.array(truth) - low - high) / (high - low))
        told.append(model.inference())
    return Replicates(
        beta=beta,
        estimate=np.array([each.estimate for each in told]),
        se=np.array([each.se for each in told]),
        p=np.array([each.p for each in told]),
        f_p=np.array([each.f_p for each in told]),
        sigma2=np.array([each.sigma for each in told]) ** 2,
        off={level: np.array(each) for level, each in off.items()},
    )


def intervals(model, at, level):
    """Return the intervals (k + 2, 2) of the coefficients, the mean at a point, and a new observation."""
    told = model.inference(level)
    there = [model.predict_interval([at], level, kind) for kind in ("mean", "prediction")]
    return np.vstack([np.column_stack([told.low, told.high]), *there])


def coverage(runs, level, narrowed=1.0):
    """Return how often the intervals, narrowed, held each coefficient, the mean and a new observation."""
    return (runs.off[level] <= narrowed).mean(axis=0)


def coverage_limits(level, replicates):
    reach = AWAY * np.sqrt(level * (1 - level) / replicates)
    return level - reach, min(level + reach, 1.0)


def uniformity(runs):
    """Return the Kolmogorov-Smirnov distances of the p-values, of every t test and of F, from uniformity."""
    return np.array([stats.kstest(p, "uniform").statistic for p in (*runs.p.T, runs.f_p)])


def uniformity_limit(replicates, tests):
    """Return the distance that the furthest of so many tests exceeds once in a hundred times."""
    return float(stats.kstwo.ppf(1 - 0.01 / tests, replicates))


def bias(runs):
    """Return the mean errors of the coefficients and of sigma squared, in their own standard errors."""
    found = np.column_stack([runs.estimate, runs.sigma2])
    error = found.mean(axis=0) - [*runs.beta, SIGMA**2]
    return error / found.std(axis=0, ddof=1) * np.sqrt(len(found))


def standard_errors(runs):
    """Return the mean squared standard errors over the variances of the estimates."""
    return (runs.se**2).mean(axis=0) / runs.estimate.var(axis=0, ddof=1)


def standard_error_limits(replicates, freedom):
    """Return the quantiles of the ratio, which has an F distribution where X is fixed."""
    tail = stats.norm.sf(AWAY)
    return stats.f.ppf([tail, 1 - tail], replicates * freedom, replicates - 1)


def hard_problem(rng):
    """Return rows of scales from 10⁻¹² to 10¹²: near dependent, far from zero, with heavy tails."""
    p = int(rng.integers(1, 7))
    n = int(np.exp(rng.uniform(np.log(p + 3), np.log(5000))))
    U, _, V = np.linalg.svd(rng.normal(size=(p, p)))
    X = rng.normal(size=(n, p)) @ (U * np.geomspace(1, 10 ** -rng.uniform(0, 9), p) @ V)
    X /= X.std(axis=0)
    noise = rng.normal(size=n) if rng.random() < 0.5 else rng.standard_t(1.5, size=n)
    y = X @ rng.normal(size=p) + 10 ** rng.uniform(-4, 2) * noise + rng.choice([0, 1, 1e6])
    X += rng.choice([0, 1, 1e3, 1e6], size=p) * rng.normal(size=p)
    return X * 10 ** rng.uniform(-12, 12, size=p), y * 10 ** rng.uniform(-12, 12)


def honesty(problems=500, seed=0):
    """Return how many hard problems converged, how far the furthest was, and how many failed silently.

    The distance is in standard errors, from the answer in extended precision.
    """
    rng = np.random.default_rng(seed)
    converged, furthest, silent = 0, 0.0, 0
    for trial in range(problems):
        X, y = hard_problem(rng)
        model = LinearRegression(method=("newton", "cg", "gd")[trial % 3], max_iter=1000)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            model.fit(X, y)
        if model.converged_:
            converged += 1
            furthest = max(furthest, least_squares(X, y).distance(model))
        else:
            silent += not any(issubclass(each.category, ConvergenceWarning) for each in caught)
    return converged, furthest, silent


CELLS = tuple(product((True, False), SIZES, FEATURES))

TOO_NARROW = np.sqrt((20 - 5 - 1) / 20)
"""Intervals of 20 rows and 5 features with a sigma squared divided by 20, which must be found too narrow."""


def verdict(found, low, high):
    return "ok" if low <= np.min(found) and np.max(found) <= high else "FAIL"


def extent(values, form=".4f"):
    return f"{np.min(values):{form}} .. {np.max(values):{form}}"


def coverage_table(runs, replicates):
    yield "| X | rows | features | level | coefficients | mean | new | limits | |"
    yield "|---|--:|--:|--:|--:|--:|--:|--:|---|"
    for (fixed, n, p), level in product(CELLS, LEVELS):
        found, limits = coverage(runs[fixed, n, p], level), coverage_limits(level, replicates)
        yield (
            f"| {'fixed' if fixed else 'random'} | {n} | {p} | {level:.2f} | {extent(found[:-2])} "
            f"| {found[-2]:.4f} | {found[-1]:.4f} | {extent(limits)} | {verdict(found, *limits)} |"
        )
    for level in LEVELS:
        found = np.concatenate([coverage(each, level) for each in runs.values()]).mean()
        limits = coverage_limits(level, replicates * len(CELLS))
        yield f"| all | | | {level:.2f} | {found:.4f} | | | {extent(limits)} | {verdict(found, *limits)} |"
    found = coverage(runs[True, 20, 5], 0.95, TOO_NARROW)
    low, _ = coverage_limits(0.95, replicates)
    yield (
        f"| fixed, sigma² divided by n | 20 | 5 | 0.95 | {extent(found[:-2])} | {found[-2]:.4f} "
        f"| {found[-1]:.4f} | below {low:.4f} | {'ok' if found.max() < low else 'FAIL'} |"
    )


def property_table(runs, replicates):
    yield "| property | X | rows | features | found | limits | |"
    yield "|---|---|--:|--:|--:|--:|---|"
    for n, p in product((FEW, *SIZES), FEATURES):
        found = uniformity(simulate(n, p, null=True, levels=(), replicates=replicates))
        limit = uniformity_limit(replicates, len(found))
        yield (
            f"| p-values under the null, distance from uniform | fixed | {n} | {p} | {found.max():.4f} "
            f"| {limit:.4f} | {verdict(found, 0, limit)} |"
        )
    for fixed, n, p in CELLS:
        found, X = bias(runs[fixed, n, p]), "fixed" if fixed else "random"
        yield (
            f"| bias, in its standard errors | {X} | {n} | {p} | {extent(found, '.2f')} "
            f"| {-AWAY} .. {AWAY} | {verdict(found, -AWAY, AWAY)} |"
        )
    for n, p in product(SIZES, FEATURES):
        found, limits = standard_errors(runs[True, n, p]), standard_error_limits(replicates, n - p - 1)
        yield (
            f"| mean squared standard error over variance | fixed | {n} | {p} | {extent(found, '.3f')} "
            f"| {extent(limits, '.3f')} | {verdict(found, *limits)} |"
        )


def honesty_table():
    converged, furthest, silent = honesty()
    yield "| of 500 hard problems | found | limit | |"
    yield "|---|--:|--:|---|"
    yield f"| claimed to have converged | {converged} | | |"
    yield f"| furthest of these, in SE | {furthest:.2g} | {NEAR} | {verdict(furthest, 0, NEAR)} |"
    yield f"| others without a warning | {silent} | 0 | {verdict(silent, 0, 0)} |"


def report(replicates):
    runs = {cell: simulate(*cell[1:], fixed=cell[0], replicates=replicates) for cell in CELLS}
    yield f"{replicates} replicates of every row; limits {AWAY} standard errors from theory.\n"
    for table in (coverage_table(runs, replicates), property_table(runs, replicates), honesty_table()):
        yield from table
        yield ""


if __name__ == "__main__":
    run(__doc__, "statistics", report, replicates=2000)
