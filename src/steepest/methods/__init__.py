"""The methods by name: the only registry."""

from __future__ import annotations

from steepest.errors import InputError, InputTypeError, choices, listed
from steepest.methods.adam import Adam
from steepest.methods.base import Method
from steepest.methods.bb import BB
from steepest.methods.cg import CG
from steepest.methods.fista import Fista
from steepest.methods.gd import GD
from steepest.methods.momentum import Momentum
from steepest.methods.nesterov import Nesterov
from steepest.methods.newton import Newton
from steepest.methods.sgd import SGD
from steepest.methods.steepest import Steepest

PARTS = ("limits", "start", "step", "name", "title", "monotone", "stochastic")

METHODS: dict[str, Method] = {
    method.name: method
    for method in (
        GD(),
        Steepest(),
        BB(),
        Momentum(),
        Nesterov(),
        Fista(),
        CG(),
        Newton(),
        SGD(),
        Adam(),
    )
}


def method_of(choice: str | Method) -> Method:
    """Return the method of a name, or the object itself; ``"auto"`` is newton.

    Raises
    ------
    InputError
        If there is no method of that name.
    """
    if not isinstance(choice, str):
        missing = [part for part in PARTS if not hasattr(choice, part)]
        if missing or isinstance(choice, type):
            raise InputTypeError(
                "method",
                f"{choice!r} is no method"
                + (f": it has no {listed(missing)}" if missing else ", but its class"),
                f"Choose from auto, {listed(METHODS)}",
                code="method",
            )
        return choice
    if choice == "auto":
        return METHODS["newton"]
    if choice not in METHODS:
        raise InputError("method", f'unknown method "{choice}"', choices(choice, ("auto", *METHODS)))
    return METHODS[choice]
