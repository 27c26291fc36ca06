"""Makes the mutants of a source file with cosmic-ray's operators: small changes that a test should notice.

`scripts/mutants.py` samples them, `mutants_tried` runs the tests on each. Left out is what changes nothing that runs:
annotations, arguments of `@dataclass`, `assert_never`.
"""

import ast
import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias

import parso
from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.operators.operator import Operator
from cosmic_ray.plugins import get_operator

CORE = (
    "NumberReplacer",
    "AddNot",
    "ReplaceTrueWithFalse",
    "ReplaceFalseWithTrue",
    "ReplaceAndWithOr",
    "ReplaceOrWithAnd",
    "ReplaceBreakWithContinue",
    "ReplaceContinueWithBreak",
    "ExceptionReplacer",
    "ZeroIterationForLoop",
    "ReplaceUnaryOperator_Delete_Not",
    "ReplaceUnaryOperator_Delete_USub",
    "ReplaceComparisonOperator_Lt_LtE",
    "ReplaceComparisonOperator_LtE_Lt",
    "ReplaceComparisonOperator_Gt_GtE",
    "ReplaceComparisonOperator_GtE_Gt",
    "ReplaceComparisonOperator_Eq_NotEq",
    "ReplaceComparisonOperator_NotEq_Eq",
    "ReplaceComparisonOperator_Is_IsNot",
    "ReplaceComparisonOperator_IsNot_Is",
    "ReplaceBinaryOperator_Add_Sub",
    "ReplaceBinaryOperator_Sub_Add",
    "ReplaceBinaryOperator_Mul_Div",
    "ReplaceBinaryOperator_Div_Mul",
    "ReplaceBinaryOperator_FloorDiv_Mul",
    "ReplaceBinaryOperator_Mod_FloorDiv",
    "ReplaceBinaryOperator_Pow_Mul",
    "ReplaceBinaryOperator_BitOr_BitAnd",
    "ReplaceBinaryOperator_BitAnd_BitOr",
    "ReplaceBinaryOperator_BitXor_BitOr",
    "ReplaceBinaryOperator_LShift_RShift",
    "ReplaceBinaryOperator_RShift_LShift",
)
"""Of cosmic-ray's 213, those whose mutants differ in what they do, one or two a place: `<` becomes `<=`, never `is`."""
REMOVE_CALL = "RemoveCall"
"""Ours: a call whose value is not used becomes `pass`. Without it no mutant leaves out an fsync or a row."""

Position = tuple[int, int]
Node: TypeAlias = Any
"""Of parso, which has types of its own that cosmic-ray does not use."""
Key = tuple[str, str, str, str]


class RemoveCall(Operator):  # type: ignore[misc]  # cosmic-ray is not typed
    """Replaces a statement that is a call by `pass`."""

    def mutation_positions(self, node: Node) -> Iterator[tuple[Position, Position]]:
        """The statement's, if it is a call."""
        if _is_call_statement(node):
            yield node.start_pos, node.end_pos

    def mutate(self, node: Node, index: int) -> Node:  # noqa: ARG002 - the operators' interface
        """The node that stands for the call."""
        return parso.python.tree.Keyword("pass", node.start_pos, node.get_first_leaf().prefix)

    @classmethod
    def examples(cls) -> tuple[()]:
        """For cosmic-ray's own tests."""
        return ()


def _is_call_statement(node: Node) -> bool:
    if node.type != "atom_expr" or node.parent is None or node.parent.type != "simple_stmt":
        return False
    last = node.children[-1]
    return bool(last.type == "trailer" and last.children[0] == "(" and node.get_first_leaf().value != "assert_never")


@dataclass(frozen=True, slots=True)
class Site:
    """A place where an operator makes a mutant: the how-manieth of that operator in the file, and the line."""

    operator: str
    occurrence: int
    line: int


@dataclass(frozen=True, slots=True)
class Mutant:
    """A changed source file: which function (empty outside of all), the lines before and after, in one line each."""

    file: str
    function: str
    line: int
    before: str
    after: str
    source: str

    @property
    def key(self) -> Key:
        """What it is recognized by when lines have moved."""
        return self.file, self.function, self.before, self.after


def sites(source: str) -> list[Site]:
    """All places of a source file, operator by operator."""
    skipped, lines = _left_out(source), source.splitlines()
    found = []
    for name in (*CORE, REMOVE_CALL):
        operator = _operator(name)
        positions = [position for node in ast_nodes(get_ast(source)) for position in operator.mutation_positions(node)]
        for occurrence, (start, _) in enumerate(positions):
            if not (any(began <= start < ended for began, ended in skipped) or _is_bare_star(lines, start)):
                found.append(Site(name, occurrence, start[0]))
    return found


def mutant_at(file: str, source: str, site: Site) -> Mutant | None:
    """The mutant of a place; None if it is not Python or means the same."""
    try:
        mutated = mutate_code(source, _operator(site.operator), site.occurrence)
    except AttributeError:  # cosmic-ray replaces no exception whose name has a dot
        return None
    if mutated is None:
        return None
    try:
        if ast.dump(ast.parse(mutated)) == ast.dump(ast.parse(source)):
            return None
        compile(mutated, file, "exec")
    except SyntaxError:
        return None
    return mutant_of(file, source, mutated)


def mutant_of(file: str, source: str, mutated: str) -> Mutant:
    """What two versions of a file differ in. Raises `ValueError` if in nothing."""
    old, new = source.splitlines(), mutated.splitlines()
    compared = difflib.SequenceMatcher(None, old, new, autojunk=False)
    changes = [one for one in compared.get_opcodes() if one[0] != "equal"]
    if not changes:
        raise ValueError(f"{file} is not changed")
    first, last = changes[0], changes[-1]
    before, after = old[first[1] : last[2]], new[first[3] : last[4]]
    return Mutant(file, _function_at(source, first[1] + 1), first[1] + 1, _in_one(before), _in_one(after), mutated)


@cache
def _operator(name: str) -> Operator:
    return RemoveCall() if name == REMOVE_CALL else get_operator(f"core/{name}")()


def _in_one(lines: list[str]) -> str:
    return " ".join(" ".join(lines).split())


def _is_bare_star(lines: list[str], at: Position) -> bool:
    """The one behind which parameters are named; cosmic-ray takes it for a product."""
    return lines[at[0] - 1][at[1] :].startswith("*,")


def _left_out(source: str) -> list[tuple[Position, Position]]:
    """Where nothing is mutated."""
    found: list[ast.expr] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.AnnAssign | ast.arg) and node.annotation:
            found.append(node.annotation)
        elif isinstance(node, ast.FunctionDef) and node.returns:
            found.append(node.returns)
        elif isinstance(node, ast.Subscript) and ast.unparse(node.value) == "Literal":
            found.append(node)
        elif isinstance(node, ast.ClassDef):
            found += [one for one in node.decorator_list if ast.unparse(one).startswith("dataclass")]
            found += [one.value for one in node.keywords if one.arg == "frozen"]
    return [((n.lineno, n.col_offset), (n.end_lineno or n.lineno, n.end_col_offset or 0)) for n in found]


def _function_at(source: str, line: int) -> str:
    """The outermost function around a line, with its class: `Pacing.due`; empty outside of all."""

    def within(body: list[ast.stmt], path: str) -> str:
        for node in body:
            if not node.lineno <= line <= (node.end_lineno or node.lineno):
                continue
            if isinstance(node, ast.FunctionDef):
                return path + node.name
            if isinstance(node, ast.ClassDef):
                return within(node.body, f"{path}{node.name}.")
        return ""

    return within(ast.parse(source).body, "")
