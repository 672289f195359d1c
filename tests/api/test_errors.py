"""docs/errors.md tells of every code that the gateway answers with, and of no others."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
_CODE = re.compile(r"[a-z]+(_[a-z]+)+|killed")
_RAISING = {"RefusedError", "problem", "_refused", "_wrong"}
_OF_DOCUMENTS = {"invalid_delay", "invalid_recurrence", "invalid_template", "template_error", "no_working_day", "path_too_costly"}
"""What is wrong with a step or another part: told of in the problems of a document, or in a history."""


def trees(package: str) -> Iterator[ast.Module]:
    for file in sorted((ROOT / package).rglob("*.py")):
        yield ast.parse(file.read_text(encoding="utf-8"))


def calls(tree: ast.AST) -> Iterator[tuple[str, list[ast.expr]]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield node.func.id, node.args


def raised(tree: ast.AST) -> Iterator[str]:
    """The last text that looks like a code: a path may stand before it, a sentence behind."""
    for name, arguments in calls(tree):
        texts = [each.value for each in arguments if isinstance(each, ast.Constant) and isinstance(each.value, str)]
        codes = [text for text in texts if _CODE.fullmatch(text)]
        if name == "NotFoundError" and texts:
            yield f"{texts[0]}_not_found"
        elif name in _RAISING and codes and not _is_path_only(name, arguments, codes):
            yield codes[-1]


def _is_path_only(name: str, arguments: list[ast.expr], codes: list[str]) -> bool:
    first = arguments[0]
    return name == "_wrong" and len(arguments) == 3 and isinstance(first, ast.Constant) and codes == [first.value]


def owned(tree: ast.AST) -> Iterator[str]:
    """Of errors that have their code as a class attribute."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and node.name != "EverstepError":
            for each in node.body:
                if (
                    isinstance(each, ast.Assign)
                    and ast.unparse(each.targets[0]) == "code"
                    and isinstance(each.value, ast.Constant)
                ):
                    yield str(each.value.value)


def answered() -> set[str]:
    found = {code for tree in trees("api") for code in raised(tree)}
    errors = {code for package in ("api", "store", "automations") for tree in trees(package) for code in owned(tree)}
    return found | errors - _OF_DOCUMENTS


def told() -> set[str]:
    rows = [line for line in (ROOT / "docs" / "errors.md").read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    return {code for row in rows for code in re.findall(r"`([a-z_]+)`", row.split("|")[1])}


def test_every_code_is_told_of() -> None:
    assert len(answered()) > 60
    assert answered() - told() == set()


def test_no_code_is_told_of_that_is_never_answered() -> None:
    source = "\n".join(ast.unparse(tree) for package in ("api", "store", "automations", "activities") for tree in trees(package))
    written = set(re.findall(r"'([a-z_]+)'", source))
    assert {code for code in told() if code not in written and code.removesuffix("_not_found") not in written} == set()
