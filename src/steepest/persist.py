"""The model file: one JSON document that holds a fit, and nothing else.

It begins with the schema and a SHA-256 over every other byte of the file. Numbers round-trip
exactly. It holds no row of the data, no clock and no path, so that the same fit gives the same bytes.
Loading checks everything before it builds anything, and runs no code.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from steepest.document import document_of, fit_from
from steepest.errors import ModelFileError
from steepest.result import Fit
from steepest.version import __version__
from steepest.whole import whole_file

SCHEMA = 1
HEAD = b'{"schema": %d, "sha256": "' % SCHEMA
DIGEST = slice(len(HEAD), len(HEAD) + 64)
LARGEST_FILE = 1 << 30

PARTS = {"schema", "sha256", "columns", "parameters", "fit", "refined", "moments", "provenance"}


def dumps(fit: Fit) -> bytes:
    """Return a fit as the bytes of a model file."""
    provenance = {"steepest": __version__, "fingerprint": fingerprint(fit)}
    document = document_of(fit) | {"provenance": provenance}
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
        if set(document) != PARTS:
            raise ValueError(f"its parts are {', '.join(sorted(document))}")
        return fit_from(document)
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


def _no_twins(pairs: list[tuple[str, Any]]) -> Mapping[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise ValueError("a key occurs twice")
    return document


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON")
