"""What the terminal sees: results on stdout, everything else on stderr."""

from __future__ import annotations

import io
import json
import os
import re
import shlex
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, TextIO

import click

from steepest.cli.exits import BUG, INTERRUPTED
from steepest.errors import SteepestError
from steepest.progress import tell

if TYPE_CHECKING:
    from steepest.report.text import Line

STYLES: dict[str, dict[str, Any]] = {
    "title": {"bold": True},
    "head": {"dim": True},
    "converged": {"fg": "green"},
    "open": {"fg": "yellow", "bold": True},
    "advice": {"fg": "yellow"},
    "data": {"dim": True},
}


def tolerate_any_encoding() -> None:
    """Escape characters that the terminal's encoding lacks instead of failing on them."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def has_colour(stream: TextIO) -> bool:
    """Return whether a stream is a terminal that wants colour."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def print_lines(lines: Iterable[Line]) -> None:
    """Print the lines of a summary, each in the style of its role."""
    colour = has_colour(sys.stdout)
    for role, text in lines:
        shown = as_flags(text) if role == "advice" else text
        print(click.style(shown, **STYLES[role]) if colour and role in STYLES else shown)


def print_json(command: str, facts: dict[str, Any]) -> None:
    """Print one JSON document."""
    print(json.dumps({"schema": 1, "command": command, **facts}, allow_nan=False, indent=1))


def say(text: str) -> None:
    """Print a line on stderr, without the passwords of addresses."""
    text = re.sub(r"(://[^:/@\s]*:)[^/\s]*@", r"\1***@", text)
    tell(text if has_colour(sys.stderr) else click.unstyle(text))


def show_error(error: BaseException, code: int, arguments: Sequence[str]) -> None:
    """Print an error with the place and the fix: as text, or as one line of JSON if JSON was asked for."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        say(error.format_message())
        return
    kind, message, fix, excerpt = _told(error, code, arguments)
    if "--json" in arguments:
        say(json.dumps({"code": kind, "message": message, "fix": fix}))
        return
    head = click.style(f"error[{kind}]", fg="red", bold=True)
    fixes = [f"  fix: {fix}"] if fix else []
    say("\n".join([f"{head}: {literal(message)}", *map(literal, excerpt), *map(literal, fixes)]))


def _told(error: BaseException, code: int, arguments: Sequence[str]) -> tuple[str, str, str, Sequence[str]]:
    """Return the code, the message, the fix and the excerpt of an error."""
    if isinstance(error, SteepestError):
        excerpt = list(error.excerpt)
        fix = as_flags(error.fix)
        if error.replace:
            wrong, right = error.replace
            fix = shlex.join(["steepest", *(_replaced(word, wrong, right) for word in arguments)])
            if excerpt:
                excerpt[-1] += f' did you mean "{right}"?'
            else:
                fix = f'did you mean "{right}"? {fix}'
        return error.code, as_flags(f"{error.where}: {error.what}"), fix, excerpt
    if isinstance(error, click.ClickException):
        context = getattr(error, "ctx", None)
        return (
            "usage",
            error.format_message(),
            f"{context.command_path} --help" if context else "steepest --help",
            (),
        )
    if code == INTERRUPTED:
        return "interrupted", "stopped before the end", "", ()
    if isinstance(error, OSError):
        reason = f"{error.strerror}: {error.filename}" if error.strerror and error.filename else str(error)
        return "file", reason, "check the path, its permissions and the disk", ()
    if isinstance(error, MemoryError):
        return "memory", str(error) or "not enough memory", "use fewer columns", ()
    assert code == BUG
    message = f"this is a bug in steepest: {type(error).__name__}: {error}"
    return "bug", message, "please report it, with the output under STEEPEST_TRACEBACK=1", ()


def literal(text: str, longest: int = 600) -> str:
    """Return a line that cannot disturb a terminal: control characters escaped, and not without end."""
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    return shown if len(shown) <= longest else shown[:longest] + "..."


def _replaced(word: str, wrong: str, right: str) -> str:
    """Return a word of the command line with one name in it replaced."""
    return re.sub(rf"(^-[a-z]|^|(?<=[,=])){re.escape(wrong)}(?=[,=]|$)", lambda found: found[1] + right, word)


def as_flags(text: str) -> str:
    """Return a message that names parameters with the command line's flags instead."""
    names = r'\b(exclude|features|categorical|na)=\["([^\]]*)"\]'
    text = re.sub(names, lambda m: f"--{m[1]} {m[2].replace(chr(34), '')}", text)
    text = re.sub(r'\b(scale|method|missing|order|decimal|query|alpha)="?([^"\s]+)"?', r"--\1 \2", text)
    text = text.replace("positive=True", "--positive")
    names = r"\b(learning_rate|max_iter|max_dropped|l1_ratio|penalty_factor)\b"
    return re.sub(names, lambda m: "--" + m[1].replace("_", "-"), text)
