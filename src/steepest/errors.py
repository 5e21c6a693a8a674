"""What can go wrong, in words that carry the fix.

SteepestError
├── InputError          (ValueError)  data or arguments that cannot be used as they are
├── InputTypeError      (TypeError)   data or arguments of a kind that cannot be used
├── DivergenceError     (ValueError)  a learning rate beyond the limit of the data
├── DataChangedError    (ValueError)  the data are not what they were a moment ago
├── ModelFileError      (ValueError)  a file that is not an intact model
├── CheckpointError     (ValueError)  a file that is not an intact checkpoint of this run
└── NotInferable        (ValueError)  a question that this fit cannot answer honestly

Every message reads ``<where>: <what, how many, first place>. <what to do>.``
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from functools import partial
from typing import Any


class SteepestError(Exception):
    """Base of every error that steepest raises on purpose.

    Parameters
    ----------
    where : str
        The column, argument or file concerned.
    what : str
        What is wrong, how often, and where first; no full stop at the end.
    fix : str
        What to do about it; no full stop at the end.
    code : str, optional
        Short name of the kind of error; a default belongs to every class.
    excerpt : sequence of str, optional
        Lines of the input that show the place.
    replace : (str, str), optional
        A word of the request and the word that was probably meant.
    """

    code = "error"

    def __init__(
        self,
        where: str,
        what: str,
        fix: str,
        *,
        code: str | None = None,
        excerpt: Iterable[str] = (),
        replace: tuple[str, str] | None = None,
    ) -> None:
        super().__init__(f"{where}: {what}. {fix}.")
        self.where, self.what, self.fix = where, what, fix
        self.code = code or type(self).code
        self.excerpt = tuple(excerpt)
        self.replace = replace

    def __reduce__(self) -> tuple[Any, ...]:
        options = {"code": self.code, "excerpt": self.excerpt, "replace": self.replace}
        return partial(type(self), **options), (self.where, self.what, self.fix)


class InputError(SteepestError, ValueError):
    """Data or arguments that cannot be used as they are."""

    code = "input"


class InputTypeError(SteepestError, TypeError):
    """Data or arguments of a kind that cannot be used."""

    code = "input-type"


class DivergenceError(SteepestError, ValueError):
    """A learning rate beyond what the curvature of the data allows."""

    code = "diverged"


class DataChangedError(SteepestError, ValueError):
    """The data changed while they were being read."""

    code = "data-changed"


class ModelFileError(SteepestError, ValueError):
    """A file that is not an intact model of a known version."""

    code = "model-file"


class CheckpointError(SteepestError, ValueError):
    """A file that is not an intact checkpoint of this run."""

    code = "checkpoint"


class NotInferable(SteepestError, ValueError):  # noqa: N818 - reads as a statement, like its siblings in statistics
    """A standard error or test that this fit cannot give honestly."""

    code = "not-inferable"


class DataWarning(UserWarning):
    """Data that can be used, but are perhaps not what was meant."""


class CollinearityWarning(UserWarning):
    """Columns that the data cannot tell apart, or that do not vary."""


def closest(word: str, candidates: Iterable[str]) -> str | None:
    """Return the candidate that was probably meant by `word`, or None."""
    names = list(candidates)
    folded = {name.casefold(): name for name in names}
    if word.casefold() in folded:
        return folded[word.casefold()]
    found = difflib.get_close_matches(word, names, n=1, cutoff=0.5)
    if found:
        return found[0]
    longer = [name for name in names if name and (word.startswith(name) or name.startswith(word))]
    return longer[0] if word and longer else None


def choices(word: str, names: Iterable[str]) -> str:
    """Return what to choose from instead of an unknown name, with the one that was probably meant."""
    known = list(names)
    meant = closest(word, known)
    return (f'Did you mean "{meant}"? ' if meant else "") + f"Choose from {', '.join(known)}"


def listed(items: Iterable[str], most: int = 10) -> str:
    """Join names for a message: the first `most`, then a count of the others."""
    names = list(items)
    text = ", ".join(names[:most])
    return text if len(names) <= most else f"{text} and {len(names) - most} more"


def quoted(name: object, longest: int = 40) -> str:
    """Return a name in quotes, control characters escaped and its middle left out if it is too long."""
    text = str(name)
    return repr(text if len(text) <= longest else f"{text[: longest - 6]}...{text[-3:]}")


def count(number: int, noun: str) -> str:
    """Return a number and its noun, in the plural unless it is one: ``1 row``, ``2 rows``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
