"""One JSON document that shows whether it is whole: it begins with a SHA-256 over every other byte.

Reading checks this, and that no key occurs twice, before anything is built; nothing read is ever run.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from steepest.errors import SteepestError
from steepest.whole import whole_file

LARGEST_FILE = 1 << 30


@dataclass(frozen=True, slots=True)
class Sealed:
    """A kind of document.

    Attributes
    ----------
    kind : str
        What messages call it.
    key : str
        The first key, whose value is the version.
    version : int
    error : type
        Raised for a file that is no intact document of this kind and version.
    remedy : str
        What to do about such a file.
    """

    kind: str
    key: str
    version: int
    error: type[SteepestError]
    remedy: str

    @property
    def _head(self) -> bytes:
        return b'{"%b": %d, "sha256": "' % (self.key.encode(), self.version)

    @property
    def _place(self) -> slice:
        return slice(len(self._head), len(self._head) + 64)

    def dumps(self, document: Mapping[str, Any]) -> bytes:
        """Return a document as bytes, sealed."""
        body = json.dumps(document, allow_nan=False, ensure_ascii=False).encode()
        blank, place = self._head + b"0" * 64 + b'", ' + body[1:], self._place
        return blank[: place.start] + self._digest(blank) + blank[place.stop :]

    def save(self, document: Mapping[str, Any], path: str | os.PathLike[str]) -> None:
        """Write a document; whoever reads the path meanwhile sees the old file or the new one, whole."""
        data = self.dumps(document)
        with whole_file(path) as file:
            file.write(data)

    def load(self, path: str | os.PathLike[str]) -> tuple[dict[str, Any], str]:
        """Return the document in a file, and the name of the file; raise `error` or OSError."""
        source = Path(path)
        if source.stat().st_size > LARGEST_FILE:
            raise self.damaged(source.name, f"it has more than {LARGEST_FILE} bytes")
        return self.loads(source.read_bytes(), source.name), source.name

    def loads(self, data: bytes, label: str) -> dict[str, Any]:
        """Return the document in some bytes; raise `error` if they are none, or damaged."""
        if not data.startswith(self._head):
            known = f"{self.kind} of {self.key} {self.version}"
            fix = f"Write it with steepest, or with a version that knows {self.key} {self.version}"
            raise self.error(label, f"is no {known}", fix)
        if self._digest(data) != data[self._place]:
            raise self.damaged(label, "its contents do not match its SHA-256")
        try:
            return json.loads(data.decode("utf-8"), object_pairs_hook=_no_twins, parse_constant=_no_constant)
        except (TypeError, ValueError, RecursionError) as error:
            raise self.not_understood(label, error) from error

    def damaged(self, label: str, what: str) -> SteepestError:
        """Return the error that says why a file is not intact."""
        return self.error(label, f"is no intact {self.kind}: {what}", self.remedy)

    def not_understood(self, label: str, error: Exception) -> SteepestError:
        """Return the error for contents of the wrong shape."""
        return self.damaged(label, f"it cannot be understood ({type(error).__name__}: {error})")

    def _digest(self, data: bytes) -> bytes:
        rest = data[: self._place.start] + data[self._place.stop :]
        return hashlib.sha256(rest).hexdigest().encode()


def _no_twins(pairs: list[tuple[str, Any]]) -> Mapping[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise ValueError("a key occurs twice")
    return document


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON")
