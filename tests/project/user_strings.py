"""What Lintel says to people: the strings of its code that aren't docstrings, and the help of its commands."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]


def user_strings(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """(line, text) of each string in a module; docstrings only of commands, as those are their `--help`."""
    silent = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)} - set(_help_of_commands(tree))
    pieces = {piece for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for piece in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield node.lineno, "".join(str(one.value) if isinstance(one, ast.Constant) else "0" for one in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in silent | pieces:
            yield node.lineno, node.value


def all_user_strings() -> Iterator[tuple[str, str]]:
    """("file:line", text) of the device and of the converter."""
    for path in sorted([*(ROOT / "device").rglob("*.py"), *(ROOT / "convert").rglob("*.py")]):
        for line, text in user_strings(ast.parse(path.read_text(encoding="utf-8"))):
            yield f"{path.relative_to(ROOT)}:{line}", text


def _help_of_commands(tree: ast.Module) -> Iterator[ast.expr]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and isinstance(node.body[0], ast.Expr) and _is_command(node):
            yield node.body[0].value


def _is_command(function: ast.FunctionDef) -> bool:
    calls = (one for one in function.decorator_list if isinstance(one, ast.Call))
    return any(ast.unparse(call.func).rpartition(".")[2] in ("command", "group") for call in calls)
