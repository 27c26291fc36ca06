"""Every test can fail: it asserts, it states its numbers itself, and no example of Hypothesis is passed over."""

import ast
import importlib
from collections.abc import Iterator, Mapping, Set
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "tests").rglob("*.py"))
PYTEST_ASSERTS = {"raises", "fail", "assert_allclose", "assert_array_equal"}
ONLY_HARMLESS = {"tests/device/readers/conformance.py: test_closing_twice_is_harmless"}
"""What promises no more than that nothing is raised."""
COMPARES_FILES = {"tests/project/test_systemd.py"}
"""What compares numbers of the code with those of another file."""

Function = ast.FunctionDef | ast.AsyncFunctionDef
Trees = Mapping[Path, ast.Module]


@pytest.fixture(scope="module")
def trees() -> Trees:
    """Every file of the tests, parsed; forgotten after this file, as two million nodes slow down all that follows."""
    return {path: ast.parse(path.read_text(encoding="utf-8")) for path in FILES}


@pytest.fixture(scope="module")
def asserting(trees: Trees) -> set[str]:
    return helpers(trees)


def functions(tree: ast.AST) -> Iterator[Function]:
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def called(node: ast.AST) -> str:
    """The name of what is called; of methods only those of pytest, numpy and the test's own class."""
    match node:
        case ast.Call(func=ast.Name(name)) | ast.Call(func=ast.Attribute(ast.Name("self"), name)):
            return name
        case ast.Call(func=ast.Attribute(attr=name)) if name in PYTEST_ASSERTS:
            return name
    return ""


def is_assertion(node: ast.AST) -> bool:
    return isinstance(node, ast.Assert) or called(node) in PYTEST_ASSERTS


def helpers(trees: Trees) -> set[str]:
    """Functions beside the tests that assert, themselves or through another one."""
    bodies: dict[str, set[str]] = {}
    found = set()
    for tree in trees.values():
        for function in functions(tree):
            if not function.name.startswith("test_"):
                bodies.setdefault(function.name, set()).update(map(called, ast.walk(function)))
                found |= {function.name} if any(map(is_assertion, ast.walk(function))) else set()
    while more := {name for name, calls in bodies.items() if calls & found} - found:
        found |= more
    return found


def own_nodes(function: Function) -> Iterator[ast.AST]:
    """Without those of functions within."""
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, Function | ast.Lambda | ast.ClassDef):
            waiting.extend(ast.iter_child_nodes(node))


def place(path: Path, node: ast.AST) -> str:
    return f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"


def every_test(trees: Trees) -> Iterator[tuple[Path, Function]]:
    for path, tree in trees.items():
        if path.name.startswith("test_") or path.name == "conformance.py":
            yield from ((path, function) for function in functions(tree) if function.name.startswith("test_"))


def test_every_test_asserts_something(trees: Trees, asserting: set[str]) -> None:
    silent = {
        f"{path.relative_to(ROOT)}: {test.name}"
        for path, test in every_test(trees)
        if not any(is_assertion(node) or called(node) in asserting for node in ast.walk(test))
    }
    assert silent == ONLY_HARMLESS


def test_no_test_returns_before_its_end(trees: Trees) -> None:
    """An example that does not fit is drawn otherwise or passed to `assume`; what cannot be tried is skipped."""
    assert [
        place(path, node)
        for path, test in every_test(trees)
        for node in own_nodes(test)
        if isinstance(node, ast.Return)
    ] == []


def test_no_example_of_hypothesis_is_passed_over(trees: Trees, asserting: set[str]) -> None:
    """Some assertion holds for every example, not only for those that an `if` lets through."""
    drawn = (
        (path, test) for path, test in every_test(trees) if "given(" in "".join(map(ast.unparse, test.decorator_list))
    )
    assert [
        place(path, test) for path, test in drawn if all(is_passed_over(line, asserting) for line in test.body)
    ] == []


def is_passed_over(statement: ast.stmt, asserting: Set[str] = frozenset()) -> bool:
    is_conditional = isinstance(statement, ast.If) and not statement.orelse
    return is_conditional or not any(is_assertion(node) or called(node) in asserting for node in ast.walk(statement))


@pytest.mark.parametrize(
    ("statement", "passed"),
    [("if x: assert y", True), ("x = 1", True), ("assert y", False), ("with z: assert y", False)],
)
def test_statement_that_asserts_nothing_for_some_is_found(statement: str, passed: bool) -> None:
    assert is_passed_over(ast.parse(statement).body[0]) is passed


def is_always_true(asserted: ast.expr) -> bool:
    match asserted:
        case ast.Tuple() | ast.Constant() | ast.JoinedStr():
            return True
        case ast.Compare(ops=[ast.In()], comparators=[ast.Name(id=name)]):
            return name[0].isupper() and not name.isupper()
        case ast.BoolOp(op=ast.Or(), values=values):
            return any(map(is_always_true, values))
    return False


def test_no_assertion_is_always_true(trees: Trees) -> None:
    """Such as one on a tuple, or that a member of an enumeration is one."""
    assertions = (
        (path, node) for path, tree in trees.items() for node in ast.walk(tree) if isinstance(node, ast.Assert)
    )
    assert [place(path, node) for path, node in assertions if is_always_true(node.test)] == []


@pytest.mark.parametrize("asserted", ["(x, y)", "1", "x.state in DoorState", "x or 'said'"])
def test_assertion_that_is_always_true_is_found(asserted: str) -> None:
    assert is_always_true(ast.parse(asserted, mode="eval").body)


def imported_numbers(tree: ast.Module) -> set[str]:
    """Names of numbers that a file takes from the code, but for those that it does nothing with but state them."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in ("convert", "device"):
            constants = [name.name for name in node.names if name.name.isupper()]
            module = importlib.import_module(node.module or "") if constants else None
            found |= {name for name in constants if type(getattr(module, name)) in (int, float)}
    return found & used_beside(tree) if found else found


def names_in(node: ast.AST) -> set[str]:
    return {name.id for name in ast.walk(node) if isinstance(name, ast.Name)}


def statements(tree: ast.Module) -> Iterator[ast.Assert]:
    """`assert (LIMIT, OTHER) == (1.0, 2)`."""
    for node in ast.walk(tree):
        match node:
            case ast.Assert(test=ast.Compare(left=ast.Name() | ast.Tuple(), ops=[ast.Eq()], comparators=[numbers])):
                if not names_in(numbers):
                    yield node


def used_beside(tree: ast.Module) -> set[str]:
    within = {id(name) for node in statements(tree) for name in ast.walk(node)}
    return {name.id for name in ast.walk(tree) if isinstance(name, ast.Name) and id(name) not in within}


def test_no_limit_is_imported_from_what_is_tested(trees: Trees) -> None:
    """A test that imports its limit follows wherever the limit goes: it states the number that is promised."""
    imported = {
        str(path.relative_to(ROOT)): imported_numbers(trees[path]) for path in FILES if "shim" not in path.parts
    }
    assert {path for path, names in imported.items() if names} == COMPARES_FILES
