"""The command line: `main` and its verbs, one file each, loaded when they are needed."""

from __future__ import annotations

import importlib
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import click
from click.shell_completion import shell_complete

from steepest.cli.exits import BUG, DONE, exit_code
from steepest.cli.screen import show_error, tolerate_any_encoding
from steepest.version import __version__

COMPLETION = "_STEEPEST_COMPLETE"
VERBS = ("compare", "fit", "path", "predict", "race", "show")


class Verbs(click.Group):
    """Commands that are imported when they are named."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        return importlib.import_module(f"steepest.cli.{cmd_name}").command


@click.command(
    cls=Verbs,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="\b\nShell completion: "
    'eval "$(_STEEPEST_COMPLETE=bash_source steepest)", or zsh_source, or fish_source.',
)
@click.version_option(__version__, prog_name="steepest", message="%(prog)s %(version)s")
def steepest() -> None:
    """Linear regression by gradient descent that tells you when it is done.

    \b
    steepest fit cars.csv -t dist -o cars.json     fit a table, print the summary, keep the model
    steepest path cars.csv -t dist                 choose a penalty by cross-validation
    steepest predict cars.json new.csv --interval  predict new rows
    steepest race cars.csv -t dist                 compare the methods
    steepest show cars.json                        print the summary again
    steepest compare small.json cars.json          test one model within another
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with its documented code."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115 - lives as long as the process
    tolerate_any_encoding()
    instruction = os.environ.get(COMPLETION)
    if instruction:
        sys.exit(shell_complete(steepest, {}, "steepest", COMPLETION, instruction))
    try:
        with _interruptible():
            code = _run(arguments)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = DONE
    except BaseException as error:
        code = exit_code(error)
        if code == BUG and os.environ.get("STEEPEST_TRACEBACK"):
            raise
        show_error(error, code, arguments)
    sys.exit(code)


@contextmanager
def _interruptible() -> Iterator[None]:
    """Let Ctrl-C and SIGTERM end the work in good order; the second time they end it at once."""
    former = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    former = {number: handler for number, handler in former.items() if handler != signal.SIG_IGN}

    def interrupt(*_: object) -> None:
        for number in former:
            signal.signal(number, signal.SIG_DFL)
        raise KeyboardInterrupt

    for number in former:
        signal.signal(number, interrupt)
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def _run(arguments: list[str]) -> int:
    """Run a verb and return its exit code."""
    try:
        with steepest.make_context("steepest", list(arguments), obj=arguments) as context:
            code = steepest.invoke(context)
    except click.exceptions.Exit as end:
        code = end.exit_code
    sys.stdout.flush()
    return code or DONE
