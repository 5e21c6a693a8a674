"""A fit as a document: plain values that JSON can hold, and back; everything is checked on the way back."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from typing import Any

import numpy as np

from steepest import plain
from steepest.certificate import Certificate
from steepest.chunk import Counts
from steepest.codes import Code
from steepest.codings import CODINGS, Coding
from steepest.columns import Columns
from steepest.descent import Status
from steepest.expansion import Expansion
from steepest.formula import MOST_POWERS
from steepest.methods import METHODS
from steepest.methods.base import Method
from steepest.moments import Moments
from steepest.normal import NormalEquations
from steepest.parameters import Parameters, check
from steepest.result import EarlyStop, Fit, Sample

MOST_COLUMNS = 1_000_000
VECTORS = ("point", "point_low", "gradient")
MATRICES = ("factor", "root", "null_space")

Json = dict[str, Any]


def document_of(fit: Fit) -> Json:
    """Return a fit as a document, without its trace."""
    return {
        "columns": _columns_to(fit.columns),
        "parameters": _parameters_to(fit.parameters),
        "fit": _fit_to(fit),
        "refined": _refined_to(fit.normal.refined),
        "moments": _moments_to(fit.moments.dense()),
    }


def fit_from(document: Json) -> Fit:
    """Return the fit in a document; raise `ValueError`, `TypeError` or `KeyError` if it is none."""
    moments = _moments_from(document["moments"])
    parameters = _parameters_from(document["parameters"])
    normal = NormalEquations.of(moments, intercept=parameters.fit_intercept)
    normal = replace(normal, refined=_refined_from(document["refined"], normal.k))
    problem = parameters.problem(normal)
    columns = _columns_from(document["columns"])
    if columns is not None and (*columns.terms, columns.target) != moments.names:
        raise ValueError("its columns and its moments differ")
    fit, certificate, counts = (document["fit"], document["fit"]["certificate"], document["fit"]["counts"])
    if certificate["unit"] not in ("se", "sd(y)"):
        raise ValueError("unknown unit")
    return Fit(
        coef=_array(fit["coef"], (moments.p,)),
        intercept=plain.number(fit["intercept"]),
        offset=_array(fit["offset"], (normal.k,)),
        mean_residual=plain.number(fit["mean_residual"]),
        problem=problem,
        parameters=parameters,
        method=plain.text(fit["method"]),
        status=Status[fit["status"]],
        steps=plain.integer(fit["steps"]),
        bound=Certificate(
            in_se=_read(certificate["in_se"]),
            gap=_read(certificate["gap"]),
            exact=plain.flag(certificate["exact"]),
            floor=_read(certificate["floor"]),
            unit=certificate["unit"],
        ),
        counts=Counts(
            plain.integer(counts["read"]),
            plain.integer(counts["used"]),
            {plain.text(cause): plain.integer(rows) for cause, rows in counts["dropped"].items()},
        ),
        columns=columns,
        repeatable=plain.flag(fit["repeatable"]),
        codes=tuple(
            Code(plain.text(code["name"]), plain.number(code["value"]), plain.integer(code["rows"]))
            for code in fit["codes"]
        ),
        began=None if fit["began"] is None else _array(fit["began"], (problem.size,)),
        pace=None if fit["pace"] is None else plain.number(fit["pace"]),
        radius=None if fit["radius"] is None else _read(fit["radius"]),
        early=_early_from(fit["early"]),
        sample=_sample_from(fit["sample"], moments.p + parameters.fit_intercept),
    )


def _columns_to(columns: Columns | None) -> Json | None:
    if columns is None:
        return None
    document = {name: getattr(columns, name) for name in ("target", "weights", "missing")}
    return document | {"features": [_coding_to(coding) for coding in columns.features]}


def _coding_to(coding: Coding) -> Json:
    document: Json = {"kind": coding.kind}
    for field in fields(coding):  # pyright: ignore - every coding is a data class
        value = getattr(coding, field.name)
        document[field.name] = [_coding_to(each) for each in value] if field.name == "factors" else value
    return document


def _columns_from(document: Json | None) -> Columns | None:
    if document is None:
        return None
    features = _codings(document["features"])
    weights = None if document["weights"] is None else plain.text(document["weights"])
    if document["missing"] not in ("error", "drop"):
        raise ValueError("unknown treatment of missing cells")
    return Columns(plain.text(document["target"]), features, weights, document["missing"])


def _coding_from(document: Json) -> Coding:
    read = {"factors": _codings, "levels": _texts, "degree": plain.integer}
    arguments = {name: read.get(name, plain.text)(value) for name, value in document.items()}
    if not 1 <= arguments.get("degree", 1) <= MOST_POWERS or len(arguments.get("factors", "ab")) < 2:
        raise ValueError("a coding that cannot be")
    if math.prod(len(factor.names) for factor in arguments.get("factors", ())) > MOST_COLUMNS:
        raise ValueError("too many columns")
    return CODINGS[arguments.pop("kind")](**arguments)


def _codings(documents: list[Json]) -> tuple[Coding, ...]:
    return tuple(map(_coding_from, documents))


def _texts(values: list[Any]) -> tuple[str, ...]:
    return tuple(map(plain.text, values))


def _parameters_to(parameters: Parameters) -> Json:
    rate = parameters.learning_rate
    return {
        "alpha": float(parameters.alpha),
        "l1_ratio": float(parameters.l1_ratio),
        "positive": bool(parameters.positive),
        "penalty_factor": _factors_to(parameters.penalty_factor),
        "fit_intercept": bool(parameters.fit_intercept),
        "method": _method_to(parameters.method),
        "learning_rate": rate if isinstance(rate, str) else float(rate),
        "scale": parameters.scale,
        "max_iter": int(parameters.max_iter),
        "tol": float(parameters.tol),
        "precise": parameters.precise,
        "warm_start": bool(parameters.warm_start),
        "random_state": parameters.random_state
        if parameters.random_state is None
        else int(parameters.random_state),
        "on_divergence": parameters.on_divergence,
        "early_stopping": parameters.early_stopping,
    }


def _factors_to(given: Any) -> Json | list[float] | None:
    if isinstance(given, Mapping):
        return {str(name): float(factor) for name, factor in given.items()}
    return None if given is None else [float(factor) for factor in given]


def _factors_from(document: Any) -> tuple[float, ...] | dict[str, float] | None:
    if isinstance(document, dict):
        return {plain.text(name): plain.number(factor) for name, factor in document.items()}
    return None if document is None else tuple(plain.number(factor) for factor in document)


def _method_to(method: str | Method) -> str | Json:
    """Return a method by name, or by name and arguments."""
    return method if isinstance(method, str) else {"name": method.name, **asdict(method)}  # pyright: ignore


def _method_from(document: str | Json) -> str | Method:
    if isinstance(document, str):
        return document
    arguments = dict(document)
    return type(METHODS[arguments.pop("name")])(**arguments)


def _parameters_from(document: Json) -> Parameters:
    rate, early = document["learning_rate"], document["early_stopping"]
    parameters = Parameters(
        alpha=plain.number(document.get("alpha", 0.0)),
        l1_ratio=plain.number(document.get("l1_ratio", 0.0)),
        positive=plain.flag(document.get("positive", False)),
        penalty_factor=_factors_from(document.get("penalty_factor")),
        fit_intercept=plain.flag(document["fit_intercept"]),
        method=_method_from(document["method"]),
        learning_rate=rate if rate == "auto" else plain.number(rate),
        scale=plain.text(document["scale"]),
        max_iter=plain.integer(document["max_iter"]),
        tol=plain.number(document["tol"]),
        precise=document["precise"] if document["precise"] == "auto" else plain.flag(document["precise"]),
        warm_start=plain.flag(document["warm_start"]),
        random_state=document["random_state"]
        if document["random_state"] is None
        else plain.integer(document["random_state"]),
        on_divergence=plain.text(document["on_divergence"]),
        early_stopping=early if early is False else plain.text(early),
    )
    check(parameters)
    return parameters


def _fit_to(fit: Fit) -> Json:
    bound = fit.bound
    certificate = {name: _written(getattr(bound, name)) for name in ("in_se", "gap", "floor")}
    certificate |= {"exact": bound.exact, "unit": bound.unit}
    return {
        "coef": fit.coef.tolist(),
        "intercept": fit.intercept,
        "offset": fit.offset.tolist(),
        "mean_residual": fit.mean_residual,
        "method": fit.method,
        "status": fit.status.name,
        "steps": fit.steps,
        "certificate": certificate,
        "repeatable": fit.repeatable,
        "codes": [asdict(code) for code in fit.codes],
        "began": None if fit.began is None else fit.began.tolist(),
        "pace": fit.pace,
        "radius": None if fit.radius is None else _written(fit.radius),
        "early": _early_to(fit.early),
        "sample": None if fit.sample is None else asdict(fit.sample),
        "counts": {"read": fit.counts.read, "used": fit.counts.used, "dropped": dict(fit.counts.dropped)},
    }


def _early_to(early: EarlyStop | None) -> Json | None:
    if early is None:
        return None
    return asdict(early) | {"value": _written(early.value), "ridge": _written(early.ridge)}


def _early_from(document: Json | None) -> EarlyStop | None:
    if document is None:
        return None
    value, ridge = _read(document["value"]), _read(document["ridge"])
    return EarlyStop(plain.text(document["criterion"]), value, plain.number(document["df"]), ridge)


def _sample_from(document: Json | None, parameters: int) -> Sample | None:
    if document is None:
        return None
    widening = _array(document["widening"], (parameters,))
    return Sample(plain.integer(document["rows"]), tuple(widening.tolist()))


def _refined_to(refined: Expansion | None) -> Json | None:
    if refined is None:
        return None
    document: Json = {name: getattr(refined, name).tolist() for name in (*VECTORS, "middle", *MATRICES)}
    document |= {"value": refined.value, "error": _written(refined.error)}
    document |= {"value_error": refined.value_error, "slack": _written(refined.slack), "shift": refined.shift}
    return document | {"doubtful": refined.doubtful, "passes": refined.passes}


def _refined_from(document: Json | None, k: int) -> Expansion | None:
    if document is None:
        return None
    vectors = {name: _array(document[name], (k,)) for name in VECTORS}
    rank = len(document["root"])
    shapes = dict(zip(MATRICES, ((rank, k), (rank, k), (k, k - rank)), strict=True))
    matrices = {name: _matrix(document[name], shape) for name, shape in shapes.items()}
    return Expansion(
        **vectors,
        **matrices,
        middle=_array(document["middle"], (rank,)),
        value=plain.number(document["value"]),
        error=_read(document["error"]),
        value_error=plain.number(document["value_error"]),
        slack=_read(document["slack"]),
        doubtful=plain.flag(document["doubtful"]),
        shift=plain.number(document["shift"]),
        passes=plain.integer(document["passes"]),
    )


def _moments_to(m: Moments) -> Json:
    document: Json = {
        "names": list(m.names),
        "rows": m.rows,
        "dropped": m.dropped,
        "weight": m.weight,
        "sum_log_weight": m.sum_log_weight,
        "weight_unit": m.weight_unit,
        "digits": m.digits,
        "roundings": m.roundings,
        "scatter": [m.scatter[j, : j + 1].tolist() for j in range(m.p + 1)],
    }
    for name in ("mean", "mean_low", "minimum", "maximum", "unit"):
        document[name] = [_written(x) for x in getattr(m, name).tolist()]
    return document


def _moments_from(document: Json) -> Moments:
    names = tuple(plain.text(name) for name in document["names"])
    k = len(names)
    if not 1 <= k <= MOST_COLUMNS:
        raise ValueError(f"{k} columns")
    scatter = np.zeros((k, k))
    if len(document["scatter"]) != k:
        raise ValueError("scatter is not square")
    for j, row in enumerate(document["scatter"]):
        scatter[j, : j + 1] = scatter[: j + 1, j] = _array(row, (j + 1,))
    arrays = {name: _array(document[name], (k,)) for name in ("mean", "mean_low", "unit")}
    ranges = {name: _array(document[name], (k,), unknown=True) for name in ("minimum", "maximum")}
    moments = Moments(
        names=names,
        rows=plain.integer(document["rows"]),
        dropped=plain.integer(document["dropped"]),
        weight=plain.number(document["weight"]),
        sum_log_weight=plain.number(document["sum_log_weight"]),
        scatter=scatter,
        weight_unit=plain.number(document["weight_unit"]),
        digits=plain.number(document["digits"]),
        roundings=plain.integer(document["roundings"]),
        **arrays,
        **ranges,
    )
    if (
        moments.rows < 1
        or not moments.weight > 0
        or (np.diag(scatter) < 0).any()
        or (moments.unit <= 0).any()
        or not moments.weight_unit > 0
    ):
        raise ValueError("its moments are those of no data")
    return moments


def _written(x: float) -> float | str:
    """Return a number as JSON can hold it: those that are not finite as words."""
    return x if math.isfinite(x) else repr(x)


def _read(x: Any) -> float:
    return float(x) if x in ("inf", "-inf", "nan") else plain.number(x)


def _array(values: Any, shape: tuple[int, ...], *, unknown: bool = False) -> np.ndarray:
    read = _read if unknown else plain.number
    array = np.array([read(value) for value in values], dtype=np.float64)
    if array.shape != shape:
        raise ValueError(f"expected {shape[0]} numbers, got {len(array)}")
    return array


def _matrix(rows: Any, shape: tuple[int, int]) -> np.ndarray:
    if len(rows) != shape[0] or shape[1] < 0:
        raise ValueError(f"expected {shape[0]} rows of numbers, got {len(rows)}")
    return np.array([_array(row, shape[1:]) for row in rows], dtype=np.float64).reshape(shape)
