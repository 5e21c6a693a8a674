"""The model file: one JSON document that holds a fit, and nothing else.

It begins with the schema and a SHA-256 over every other byte of the file. Numbers round-trip
exactly. It holds no row of the data, no clock and no path, so that the same fit gives the same bytes.
Loading checks everything before it builds anything, and runs no code.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from steepest.certificate import Certificate
from steepest.chunk import Counts
from steepest.codes import Code
from steepest.codings import CODINGS, Coding
from steepest.columns import Columns
from steepest.descent import Status
from steepest.errors import ModelFileError
from steepest.expansion import Expansion
from steepest.methods import METHODS
from steepest.moments import Moments
from steepest.normal import NormalEquations
from steepest.result import Fit, Parameters
from steepest.version import __version__
from steepest.whole import whole_file

SCHEMA = 1
HEAD = b'{"schema": %d, "sha256": "' % SCHEMA
DIGEST = slice(len(HEAD), len(HEAD) + 64)
LARGEST_FILE = 1 << 30
MOST_COLUMNS = 1_000_000
VECTORS = ("point", "point_low", "gradient")
MATRICES = ("factor", "root", "null_space")

PARTS = {"schema", "sha256", "columns", "parameters", "fit", "refined", "moments", "provenance"}

Json = dict[str, Any]


def dumps(fit: Fit) -> bytes:
    """Return a fit as the bytes of a model file."""
    document = {
        "columns": _columns_to(fit.columns),
        "parameters": _parameters_to(fit.parameters),
        "fit": _fit_to(fit),
        "refined": _refined_to(fit.normal.refined),
        "moments": _moments_to(fit.moments),
        "provenance": {"steepest": __version__, "fingerprint": fingerprint(fit)},
    }
    body = json.dumps(document, allow_nan=False, ensure_ascii=False).encode()
    blank = HEAD + b"0" * 64 + b'", ' + body[1:]
    return blank[: DIGEST.start] + _digest(blank) + blank[DIGEST.stop :]


def save(fit: Fit, path: str | os.PathLike[str]) -> None:
    """Write a model file; whoever reads the path meanwhile sees the old file or the new one, whole."""
    data = dumps(fit)
    with whole_file(path) as file:
        file.write(data)


def load(path: str | os.PathLike[str]) -> Fit:
    """Return the fit in a model file.

    Raises
    ------
    ModelFileError
        If the file is no intact model of a known schema.
    OSError
        If the file cannot be read.
    """
    source = Path(path)
    if source.stat().st_size > LARGEST_FILE:
        raise _damaged(source.name, f"it has more than {LARGEST_FILE} bytes")
    return loads(source.read_bytes(), source.name)


def loads(data: bytes, label: str = "model") -> Fit:
    """Return the fit in the bytes of a model file."""
    if not data.startswith(HEAD):
        raise ModelFileError(
            label,
            f"is no model of schema {SCHEMA}",
            f"Write it with steepest, or with a version that knows schema {SCHEMA}",
        )
    if _digest(data) != data[DIGEST]:
        raise _damaged(label, "its contents do not match its SHA-256")
    try:
        document = json.loads(data.decode("utf-8"), object_pairs_hook=_no_twins, parse_constant=_no_constant)
        return _document_from(document)
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError, OverflowError) as error:
        raise _damaged(label, f"it cannot be understood ({type(error).__name__}: {error})") from error


def fingerprint(fit: Fit) -> str:
    """Return what identifies the data: rows, weight, mean and scatter of the target, names, codings."""
    m = fit.moments
    unit = float(m.unit[-1])
    numbers = (m.weight * m.weight_unit, m.mean[-1] * unit, m.scatter[-1, -1] * m.weight_unit * unit * unit)
    codings = [] if fit.columns is None else [coding.kind for coding in fit.columns.features]
    text = json.dumps([m.rows, *(f"{x:.11e}" for x in numbers), *m.names, *codings])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _digest(data: bytes) -> bytes:
    return hashlib.sha256(data[: DIGEST.start] + data[DIGEST.stop :]).hexdigest().encode()


def _damaged(label: str, what: str) -> ModelFileError:
    return ModelFileError(label, f"is no intact model: {what}", "Fetch the file again, or fit again")


def _columns_to(columns: Columns | None) -> Json | None:
    if columns is None:
        return None
    document = asdict(columns)
    features = zip(columns.features, document["features"], strict=True)
    return document | {"features": [{"kind": coding.kind, **fields} for coding, fields in features]}


def _columns_from(document: Json | None) -> Columns | None:
    if document is None:
        return None
    features = tuple(map(_coding_from, document["features"]))
    weights = None if document["weights"] is None else _text(document["weights"])
    if document["missing"] not in ("error", "drop"):
        raise ValueError("unknown treatment of missing cells")
    return Columns(_text(document["target"]), features, weights, document["missing"])


def _coding_from(document: Json) -> Coding:
    fields: Json = {
        name: tuple(map(_text, value)) if isinstance(value, list) else _text(value)
        for name, value in document.items()
    }
    return CODINGS[fields.pop("kind")](**fields)


def _parameters_to(parameters: Parameters) -> Json:
    rate = parameters.learning_rate
    return {
        "fit_intercept": bool(parameters.fit_intercept),
        "method": parameters.method if isinstance(parameters.method, str) else parameters.method.name,
        "learning_rate": rate if isinstance(rate, str) else float(rate),
        "scale": parameters.scale,
        "max_iter": int(parameters.max_iter),
        "tol": float(parameters.tol),
        "precise": parameters.precise,
    }


def _parameters_from(document: Json) -> Parameters:
    rate = document["learning_rate"]
    method = _text(document["method"])
    if method != "auto" and method not in METHODS:
        raise ValueError(f"unknown method {method}")
    return Parameters(
        fit_intercept=_flag(document["fit_intercept"]),
        method=method,
        learning_rate=rate if rate == "auto" else _number(rate),
        scale=_text(document["scale"]),
        max_iter=_integer(document["max_iter"]),
        tol=_number(document["tol"]),
        precise=document["precise"] if document["precise"] == "auto" else _flag(document["precise"]),
    )


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
        "counts": {"read": fit.counts.read, "used": fit.counts.used, "dropped": dict(fit.counts.dropped)},
    }


def _document_from(document: Json) -> Fit:
    if set(document) != PARTS:
        raise ValueError(f"its parts are {', '.join(sorted(document))}")
    moments = _moments_from(document["moments"])
    parameters = _parameters_from(document["parameters"])
    normal = NormalEquations.of(moments, intercept=parameters.fit_intercept)
    columns = _columns_from(document["columns"])
    if columns is not None and (*columns.terms, columns.target) != moments.names:
        raise ValueError("its columns and its moments differ")
    fit, certificate, counts = (document["fit"], document["fit"]["certificate"], document["fit"]["counts"])
    if certificate["unit"] not in ("se", "sd(y)"):
        raise ValueError("unknown unit")
    return Fit(
        coef=_array(fit["coef"], (moments.p,)),
        intercept=_number(fit["intercept"]),
        offset=_array(fit["offset"], (normal.k,)),
        mean_residual=_number(fit["mean_residual"]),
        normal=replace(normal, refined=_refined_from(document["refined"], normal.k)),
        parameters=parameters,
        method=_text(fit["method"]),
        status=Status[fit["status"]],
        steps=_integer(fit["steps"]),
        bound=Certificate(
            in_se=_read(certificate["in_se"]),
            gap=_read(certificate["gap"]),
            exact=_flag(certificate["exact"]),
            floor=_read(certificate["floor"]),
            unit=certificate["unit"],
        ),
        counts=Counts(
            _integer(counts["read"]),
            _integer(counts["used"]),
            {_text(cause): _integer(rows) for cause, rows in counts["dropped"].items()},
        ),
        columns=columns,
        repeatable=_flag(fit["repeatable"]),
        codes=tuple(
            Code(_text(code["name"]), _number(code["value"]), _integer(code["rows"])) for code in fit["codes"]
        ),
    )


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
        value=_number(document["value"]),
        error=_read(document["error"]),
        value_error=_number(document["value_error"]),
        slack=_read(document["slack"]),
        doubtful=_flag(document["doubtful"]),
        shift=_number(document["shift"]),
        passes=_integer(document["passes"]),
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
    names = tuple(_text(name) for name in document["names"])
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
        rows=_integer(document["rows"]),
        dropped=_integer(document["dropped"]),
        weight=_number(document["weight"]),
        sum_log_weight=_number(document["sum_log_weight"]),
        scatter=scatter,
        weight_unit=_number(document["weight_unit"]),
        digits=_number(document["digits"]),
        roundings=_integer(document["roundings"]),
        **arrays,
        **ranges,
    )
    if (
        moments.rows < 1
        or not moments.weight > 0
        or (np.diag(scatter) < 0).any()
        or (moments.unit <= 0).any()
    ):
        raise ValueError("its moments are those of no data")
    return moments


def _written(x: float) -> float | str:
    """Return a number as JSON can hold it: those that are not finite as words."""
    return x if math.isfinite(x) else repr(x)


def _read(x: Any) -> float:
    return float(x) if x in ("inf", "nan") else _number(x)


def _checked(kind: type | tuple[type, ...], word: str) -> Callable[[Any], Any]:
    def check(value: Any) -> Any:
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise TypeError(f"{value!r} is no {word}")
        return value

    return check


_text = _checked(str, "text")
_flag = _checked(bool, "true or false")
_integer = _checked(int, "whole number")


def _number(value: Any) -> float:
    number = float(_checked((int, float), "number")(value))
    if not math.isfinite(number):
        raise ValueError("a number is not finite")
    return number


def _array(values: Any, shape: tuple[int, ...], *, unknown: bool = False) -> np.ndarray:
    read = _read if unknown else _number
    array = np.array([read(value) for value in values], dtype=np.float64)
    if array.shape != shape:
        raise ValueError(f"expected {shape[0]} numbers, got {len(array)}")
    return array


def _matrix(rows: Any, shape: tuple[int, int]) -> np.ndarray:
    if len(rows) != shape[0] or shape[1] < 0:
        raise ValueError(f"expected {shape[0]} rows of numbers, got {len(rows)}")
    return np.array([_array(row, shape[1:]) for row in rows], dtype=np.float64).reshape(shape)


def _no_twins(pairs: list[tuple[str, Any]]) -> Mapping[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise ValueError("a key occurs twice")
    return document


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON")
