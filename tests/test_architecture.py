"""The floors of the house: which file may import which. The picture in CONTRIBUTING.md is this table."""

import ast
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "steepest"

GROUND = {"cells", "checks", "chunk", "errors", "exact", "memory", "plain", "threads", "version", "whole"}
MATHEMATICS = {
    "shifted",
    "kernel",
    "gathering",
    "moments",
    "normal",
    "expansion",
    "gram",
    "thin",
    "residuals",
    "refinement",
    "relations",
    "codes",
    "spectrum",
    "certificate",
    "objective",
    "penalties",
    "support",
    "penalised",
    "sampled",
    "limits",
    "trace",
    "descent",
    "likelihood",
}
MATHEMATICS |= {"methods", "methods.*"}
DATA = {"codings", "columns", "formula", "learning", "sources", "sources.*", "engines", "engines.*"}
HALL = {"parameters", "result", "replay", "fitting", "race", "inference", "anytime"}
HALL |= {"folds", "paths", "selection", "subset", "comparison"}
VIEWS = {"sealed", "checkpoint", "document", "persist", "history", "report", "report.*"}
RECEPTION = {
    "arriving",
    "fitted",
    "estimator",
    "selecting",
    "tables",
    "teaching",
    "manners",
    "callbacks",
    "published",
}
BELOW_RECEPTION = GROUND | MATHEMATICS | DATA | HALL | VIEWS | {"progress"}

MAY_IMPORT: dict[str, set[str]] = {
    "errors": set(),
    "version": set(),
    "memory": set(),
    "plain": set(),
    "threads": set(),
    "whole": set(),
    "checks": set(),
    "chunk": {"errors"},
    "cells": {"chunk", "errors"},
    "progress": {"chunk"},
    # floor 1, mathematics
    "exact": {"chunk"},
    "shifted": set(),
    "kernel": {"_kernel", "shifted"},
    "gathering": GROUND | {"exact", "kernel", "shifted"},
    "moments": GROUND | {"exact", "gathering"},
    "expansion": set(),
    "thin": GROUND | {"exact", "gathering", "moments"},
    "gram": {"expansion"},
    "normal": GROUND | {"exact", "expansion", "gram", "moments", "thin"},
    "objective": GROUND | {"certificate", "expansion", "normal"},
    "penalties": set(),
    "support": {"gram", "penalties"},
    "penalised": {"certificate", "expansion", "gram", "normal", "objective", "penalties", "support"},
    "sampled": GROUND | {"exact", "objective", "methods.base"},
    "relations": {"normal"},
    "codes": GROUND | {"normal"},
    "residuals": GROUND | {"exact", "moments", "normal"},
    "refinement": GROUND | {"exact", "expansion", "moments", "normal", "residuals"},
    "spectrum": set(),
    "limits": GROUND | {"certificate", "objective", "spectrum", "methods.base"},
    "certificate": set(),
    "trace": set(),
    "descent": {"certificate", "methods.base", "trace"},
    "likelihood": {"moments"},
    "methods.base": GROUND | {"spectrum"},
    "methods.stochastic": GROUND | {"methods.base"},
    "methods.*": {"spectrum", "methods.base", "methods.stochastic"},
    "methods": {"methods.*", "errors"},
    # floor 1, data
    "codings": GROUND,
    "columns": GROUND | {"codings"},
    "formula": GROUND,
    "learning": GROUND | {"codings", "columns", "formula"},
    "sources.pipe": GROUND,
    "sources.reading": GROUND,
    "sources.steady": set(),
    "sources.base": GROUND | {"columns", "sources.pipe", "sources.steady"},
    "sources.several": GROUND | {"columns"},
    "sources.open": GROUND | {"columns", "sources", "sources.*"},
    "sources.files": GROUND | {"columns", "sources.*"},
    "sources.*": GROUND
    | {"codings", "columns"}
    | {"sources.base", "sources.arrow", "sources.lines", "sources.pipe", "sources.reading", "sources.steady"},
    "sources": set(),
    "engines.tree": set(),
    "engines.*": GROUND | {"sources.base", "engines.tree"},
    "engines": set(),
    # floor 2
    "parameters": GROUND
    | {"normal", "objective", "penalised", "penalties"}
    | {"methods", "methods.base", "methods.newton"},
    "result": GROUND | MATHEMATICS | DATA | {"parameters"},
    "replay": GROUND | MATHEMATICS | {"result"},
    "fitting": GROUND | MATHEMATICS | DATA | {"parameters", "result", "replay", "anytime"},
    "race": GROUND | {"sources.base", "parameters", "result", "fitting"},
    "inference": GROUND | MATHEMATICS | DATA | {"result"},
    "folds": GROUND | {"moments", "thin", "sources.base"},
    "paths": GROUND | MATHEMATICS | {"parameters"},
    "selection": GROUND | MATHEMATICS | DATA | {"parameters", "result", "fitting", "folds", "paths"},
    "subset": GROUND | {"columns", "parameters", "result", "fitting"},
    "comparison": GROUND | {"result", "inference"},
    # floor 3
    "anytime": GROUND | {"moments", "normal", "result", "inference", "sources.base", "engines.tree"},
    # floor 3
    "sealed": GROUND,
    "checkpoint": GROUND | {"moments", "engines.tree", "sealed"},
    "document": GROUND | MATHEMATICS | DATA | {"parameters", "result"},
    "persist": GROUND | {"document", "result", "sealed"},
    "history": GROUND | {"result"},
    "report": set(),
    "report.verdict": GROUND | {"descent", "result"},
    "report.facts": GROUND | {"descent", "result", "inference", "relations", "report.verdict"},
    "report.layout": set(),
    "report.live": GROUND | {"anytime", "report.layout"},
    "report.lineup": GROUND | {"race", "report.layout"},
    "report.ranking": GROUND | {"comparison", "report.layout"},
    "report.course": GROUND | {"selection", "report.layout"},
    "report.*": GROUND | {"report.facts", "report.layout"},
    # floor 4
    "manners": GROUND,
    "callbacks": GROUND | {"certificate", "fitting", "result"},
    "published": BELOW_RECEPTION | {"manners"},
    "fitted": BELOW_RECEPTION | {"manners", "published"},
    "arriving": GROUND | {"manners", "sources.arrays"},
    "estimator": BELOW_RECEPTION | {"arriving", "callbacks", "fitted", "published"},
    "selecting": BELOW_RECEPTION | {"arriving", "fitted"},
    "teaching": BELOW_RECEPTION | {"manners"},
    "tables": BELOW_RECEPTION | {"estimator", "selecting"},
    "": BELOW_RECEPTION | RECEPTION,
    # floor 5
    "cli": {"cli.*", "version"},
    "cli.*": {"cli.*"} | BELOW_RECEPTION,
    "__main__": {"cli"},
}
"""For every module or pattern, the modules of ours that it may import; the first entry that fits counts."""

STARTS_WITHOUT = {"sklearn", "pyarrow", "pandas", "scipy.stats", "matplotlib", "numpy"}


def name_of(path: Path) -> str:
    parts = path.relative_to(SOURCE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path): path for path in sorted(SOURCE.rglob("*.py"))}


def imports_of(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}: relative import"
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                ours = inner.removeprefix("steepest.") in MODULES and inner.startswith("steepest.")
                found.add(inner if ours else node.module or "")
    return found


def ours(imports: set[str]) -> set[str]:
    return {
        name.removeprefix("steepest").removeprefix(".")
        for name in imports
        if name.split(".")[0] == "steepest"
    }


def allowed(module: str) -> set[str]:
    if module in MAY_IMPORT:
        return MAY_IMPORT[module]
    return next(
        rule for pattern, rule in MAY_IMPORT.items() if "*" in pattern and fnmatchcase(module, pattern)
    )


@pytest.mark.parametrize("module", MODULES)
def test_imports_only_downward(module):
    imported = ours(imports_of(MODULES[module]))
    rule = allowed(module)
    upward = {name for name in imported if not any(fnmatchcase(name, pattern) for pattern in rule)}
    assert not upward, f"{module or 'steepest'} imports {sorted(upward)}"


@pytest.mark.parametrize(
    "module", [m for m in MODULES if allowed(m) is not None and m.split(".")[0] in MATHEMATICS]
)
def test_mathematics_needs_numpy_and_scipy_only(module):
    third = {name.split(".")[0] for name in imports_of(MODULES[module])} - {"steepest", "numpy", "scipy"}
    assert third <= set(__import__("sys").stdlib_module_names)


@pytest.mark.parametrize("module", [m for m in MODULES if m.split(".")[0] not in RECEPTION])
def test_scikit_learn_stays_at_the_reception(module):
    assert not [name for name in imports_of(MODULES[module]) if name.split(".")[0] == "sklearn"]


def test_budgets():
    """A file has one job: 400 lines are too many for it, and 60 for a function's body."""
    for path in MODULES.values():
        text = path.read_text()
        assert text.count("\n") <= 400, path.name
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef):
                body = node.body[1:] if ast.get_docstring(node) else node.body
                lines = body[-1].end_lineno - body[0].lineno + 1 if body else 0
                assert lines <= 60, f"{path.name}: {node.name} has {lines} lines"
