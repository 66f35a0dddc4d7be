"""Which test proves which rule: read from the source of the tests, without running or importing them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, kw_only=True)
class Proof:
    """One rule named by one test."""

    rule: str
    path: str
    test: str


class Unreadable(ValueError):
    """A marker that does not name its rules as plain texts, or that marks no test."""


def proofs(folder: Path = FOLDER) -> list[Proof]:
    """Every ``@pytest.mark.rule("...")`` on a test function below the folder, in the order of files and lines.

    Raises Unreadable for a marker without plain texts, or one that stands elsewhere than on a test.
    """
    return [proof for path in sorted(folder.rglob("test_*.py")) for proof in _of_file(path, path.relative_to(folder.parent).as_posix())]


def by_rule(found: list[Proof]) -> dict[str, list[Proof]]:
    listed: dict[str, list[Proof]] = {}
    for proof in found:
        listed.setdefault(proof.rule, []).append(proof)
    return listed


def _of_file(path: Path, shown: str) -> Iterator[Proof]:
    tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
    seen = 0
    for test in ast.walk(tree):
        if not isinstance(test, ast.FunctionDef) or not test.name.startswith("test_"):
            continue
        for marker in _markers(*test.decorator_list):
            seen += 1
            yield from (Proof(rule=name, path=shown, test=test.name) for name in _names(marker, f"{shown}::{test.name}"))
    if seen != sum(1 for _ in _markers(tree)):
        raise Unreadable(f"{shown}: a rule marker stands elsewhere than on a test function.")


def _markers(*nodes: ast.AST) -> Iterator[ast.AST]:
    """The calls of pytest.mark.rule inside, marks of single parameters included."""
    for inner in (inner for node in nodes for inner in ast.walk(node)):
        if isinstance(inner, ast.Attribute) and inner.attr == "rule" and ast.unparse(inner.value) == "pytest.mark":
            yield next((call for node in nodes for call in ast.walk(node) if isinstance(call, ast.Call) and call.func is inner), inner)


def _names(marker: ast.AST, test: str) -> list[str]:
    arguments = marker.args if isinstance(marker, ast.Call) and not marker.keywords else []
    names = [one.value for one in arguments if isinstance(one, ast.Constant) and isinstance(one.value, str)]
    if not names or len(names) != len(arguments):
        raise Unreadable(f"{test}: a rule marker needs the ids of its rules as plain texts.")
    return names
