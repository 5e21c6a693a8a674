"""A fit without some of its features: its moments know it, and no row is read again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from steepest.columns import Columns
from steepest.errors import InputError, InputTypeError, NotInferable, choices, listed
from steepest.fitting import solve
from steepest.parameters import Parameters
from steepest.result import Fit

Whole = tuple[str, tuple[str, ...]]
"""What is dropped at once: a name for it, and its features."""


def without(fit: Fit, names: Sequence[str]) -> Fit:
    """Return the fit of the same rows without some of the features.

    It is as good as the moments, and does not claim to have converged where that is not good enough.

    Parameters
    ----------
    fit : Fit
    names : sequence of str
        Features; of a table also what one of its columns became: ``"zone"`` for ``zone[b]`` and ``zone[c]``,
        ``"x"`` for ``x`` and ``x^2``, ``"zone:x"`` for their products, which are features of their own.

    Raises
    ------
    InputError
        If a name is unknown, only some of the features that belong together are named, or nothing is left.
    NotInferable
        If not all rows were read: how many it takes, and how much wider intervals are for it, depends on the
        features.
    """
    if fit.sample is not None:
        what = f"only {fit.counts.read} of {fit.sample.rows} rows were read, as many as these features took"
        raise NotInferable("drop", what, "Fit the table again without them")
    wholes = _wholes(fit)
    stays = _remaining(wholes, names)
    kept = [name for (_, features), here in zip(wholes, stays, strict=True) if here for name in features]
    result = solve(
        fit.moments.select(kept),
        _parameters(fit, set(kept)),
        counts=fit.counts,
        columns=_columns(fit.columns, stays),
    )
    codes = (code for code in fit.codes if code.name in result.moments.names)
    return replace(result, codes=tuple(codes))


def _wholes(fit: Fit) -> list[Whole]:
    if fit.columns is None:
        return [(name, (name,)) for name in fit.names]
    return [(":".join(coding.columns), coding.names) for coding in fit.columns.features]


def _remaining(wholes: Sequence[Whole], names: Sequence[str]) -> list[bool]:
    """Return which of them stay."""
    if isinstance(names, str):
        raise InputTypeError("drop", f"got {names!r}", f'Pass a list of names: ["{names}"]')
    asked = set(names)
    known = dict.fromkeys(name for whole, features in wholes for name in (whole, *features))
    for name in names:
        if name not in known:
            raise InputError("drop", f"there is no feature {name!r}", choices(str(name), known))
    stays = list[bool]()
    for whole, features in wholes:
        named = [name for name in features if name in asked]
        stays.append(whole not in asked and not (named and len(named) == len(features)))
        if named and stays[-1]:
            what = f"{listed(named)} alone would change the meaning of {listed(features)}"
            raise InputError("drop", what, f'Drop the whole "{whole}", or nothing of it')
    return stays


def _columns(columns: Columns | None, stays: Sequence[bool]) -> Columns | None:
    if columns is None:
        return None
    features = zip(columns.features, stays, strict=True)
    return replace(columns, features=tuple(coding for coding, here in features if here))


def _parameters(fit: Fit, kept: set[str]) -> Parameters:
    """Return the parameters of a fit, with penalty factors of the features that are kept alone."""
    asked, given = fit.parameters, fit.parameters.penalty_factor
    if given is None or not asked.penalised:
        return asked
    if isinstance(given, Mapping):
        return replace(asked, penalty_factor={name: f for name, f in given.items() if name in kept})
    factors = zip(fit.names, given, strict=True)
    return replace(asked, penalty_factor=tuple(factor for name, factor in factors if name in kept))
