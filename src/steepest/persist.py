"""The model file: one sealed JSON document that holds a fit, and nothing else.

Numbers round-trip exactly. It holds no row of the data, no clock and no path, so that the same fit gives the
same bytes. Loading checks everything before it builds anything, and runs no code.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from typing import Any

from steepest.document import document_of, fit_from
from steepest.errors import ModelFileError
from steepest.result import Fit
from steepest.sealed import Sealed
from steepest.version import __version__

MODEL = Sealed("model", "schema", 1, ModelFileError, "Fetch the file again, or fit again")

PARTS = {"schema", "sha256", "columns", "parameters", "fit", "refined", "moments", "provenance"}


def dumps(fit: Fit) -> bytes:
    """Return a fit as the bytes of a model file."""
    return MODEL.dumps(_document(fit))


def save(fit: Fit, path: str | os.PathLike[str]) -> None:
    """Write a model file; whoever reads the path meanwhile sees the old file or the new one, whole."""
    MODEL.save(_document(fit), path)


def load(path: str | os.PathLike[str]) -> Fit:
    """Return the fit in a model file.

    Raises
    ------
    ModelFileError
        If the file is no intact model of a known schema.
    OSError
        If the file cannot be read.
    """
    return _fit(*MODEL.load(path))


def loads(data: bytes, label: str = "model") -> Fit:
    """Return the fit in the bytes of a model file."""
    return _fit(MODEL.loads(data, label), label)


def _document(fit: Fit) -> dict[str, Any]:
    provenance = {"steepest": __version__, "fingerprint": fingerprint(fit)}
    return document_of(fit) | {"provenance": provenance}


def _fit(document: dict[str, Any], label: str) -> Fit:
    try:
        if set(document) != PARTS:
            raise ValueError(f"its parts are {', '.join(sorted(document))}")
        fit = fit_from(document)
        if math.isnan(fit.certificate.in_se):
            raise ValueError("its certificate is no number")
        return fit
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError, ArithmeticError) as error:
        raise MODEL.not_understood(label, error) from error


def fingerprint(fit: Fit) -> str:
    """Return what identifies the data: rows, weight, mean and scatter of the target, names, codings."""
    m = fit.moments.dense()
    unit = float(m.unit[-1])
    numbers = (m.weight * m.weight_unit, m.mean[-1] * unit, m.scatter[-1, -1] * m.weight_unit * unit * unit)
    codings = [] if fit.columns is None else [coding.kind for coding in fit.columns.features]
    text = json.dumps([m.rows, *(f"{x:.11e}" for x in numbers), *m.names, *codings])
    return hashlib.sha256(text.encode()).hexdigest()[:16]
