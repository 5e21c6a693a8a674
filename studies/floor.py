"""Whether the certificate's floor is true: never below what rounding did, and not far above.

    python -m studies.floor [--problems 1000] [--save]

Rows with condition numbers from 1 to 10⁸ and noise from 1 to 10⁻¹⁰ of the target's spread are fitted, and
the coefficients held against the exact rational answer of the same float64 numbers. What rounding did is
their distance from it, in standard errors, but at least one rounding of each coefficient: no answer written
in float64 can be asked to be closer than that.
"""

import warnings

import numpy as np

from steepest import LinearRegression
from studies.command import run
from truth import exactly

LOOSE = 100
"""How far above the true distance the floor may lie, as a ratio."""

SEEN = 1e-9
"""Standard errors beyond which a floor is worth a pass over the rows that makes it tight."""

CELLS = [(low, low * 100) for low in (1e0, 1e2, 1e4, 1e6)]


def problem(rng):
    """Return rows, the target and their condition number and noise, on scales and offsets of their own."""
    p, n = int(rng.integers(1, 6)), int(np.exp(rng.uniform(np.log(10), np.log(200))))
    condition = 10 ** rng.uniform(0, 8) if p > 1 else 1.0
    noise = 10 ** -rng.uniform(0, 10)
    U, _, V = np.linalg.svd(rng.normal(size=(p, p)))
    X = rng.normal(size=(n, p)) @ (U * np.geomspace(1, 1 / condition, p) @ V)
    X /= X.std(axis=0)
    y = X @ rng.normal(size=p)
    y = y / y.std() + noise * rng.normal(size=n)
    X = (X + rng.choice([0, 1, 100], size=p)) * 10 ** rng.uniform(-6, 6, size=p)
    return X, y * 10 ** rng.uniform(-6, 6), condition, noise


def measure(problems=1000, seed=0, precise="auto"):
    """Return for every problem: condition number, noise, in_se, floor, distance, and distance or rounding."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(problems):
        X, y, condition, noise = problem(rng)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = LinearRegression(precise=precise).fit(X, y)
        if model.certificate_.unit != "se":
            continue
        truth = exactly(X, y)
        distance = truth.distance(model)
        certificate = model.certificate_
        least = max(distance, truth.rounding())
        found.append((condition, noise, certificate.in_se, certificate.floor, distance, least))
    return np.array(found)


def table(found, label):
    head = ("problems", "too low", "median ratio", "99 %", "largest", f"beyond {SEEN:g} SE", "largest floor")
    yield f"| {label}, condition | " + " | ".join(head) + " |"
    yield "|---|" + "--:|" * len(head)
    for low, high in [*CELLS, (1.0, 1e8)]:
        at = (found[:, 0] >= low) & (found[:, 0] <= high)
        _, _, in_se, floor, distance, least = found[at].T
        name = "all" if (low, high) == (1.0, 1e8) else f"{low:.0e} to {high:.0e}"
        ratio = floor / least
        numbers = (
            np.median(ratio),
            np.quantile(ratio, 0.99),
            ratio.max(),
            ratio[floor > SEEN].max(initial=0),
        )
        shown = " | ".join(f"{number:.3g}" for number in numbers)
        yield f"| {name} | {at.sum()} | {(distance > in_se).sum()} | {shown} | {floor.max():.1e} |"


def report(problems):
    yield f"{problems} problems. Ratios are floors over what rounding did, and should not exceed {LOOSE}.\n"
    for precise in ("auto", True):
        yield from table(measure(problems, precise=precise), f"precise={precise!r}")
        yield ""


if __name__ == "__main__":
    run(__doc__, "floor", report, problems=1000)
