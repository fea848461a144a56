"""Numbers in sentences that people read, and that no sentence of ours counts in another way."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from shared.domain.counted import counted, listed

ROOT = Path(__file__).resolve().parents[2]
THINGS = "attempt call contact day file hour minute number part people person row second time".split()


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "0 rows"), (1, "1 row"), (2, "2 rows"), (1_234, "1,234 rows"), (1_000_001, "1,000,001 rows")],
)
def test_one_is_one_and_more_are_more(count: int, words: str) -> None:
    assert counted(count, "row") == words


def test_a_word_may_have_a_plural_of_its_own() -> None:
    assert [counted(count, "person", "people") for count in (1, 3)] == ["1 person", "3 people"]


def test_things_are_listed_as_people_say_them() -> None:
    assert [listed(["2", "3", "5"][:count]) for count in range(4)] == ["", "2", "2 and 3", "2, 3 and 5"]


PLURAL = re.compile(rf"^ ({'|'.join(thing + 's' for thing in THINGS)}|people)\\b")


def uncounted(tree: ast.AST) -> list[str]:
    """Sentences in which a plural follows a number that may be one."""
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.JoinedStr):
            continue
        for value, after in zip(node.values, node.values[1:], strict=False):
            if (
                isinstance(value, ast.FormattedValue)
                and isinstance(after, ast.Constant)
                and PLURAL.match(str(after.value))
            ):
                named = ast.unparse(value.value)
                if not named.isupper():  # a constant is never one
                    found.append(ast.unparse(node))
    return found


def test_no_message_of_ours_says_one_rows() -> None:
    files = [*ROOT.glob("functions/**/*.py"), *ROOT.glob("shared/**/*.py")]
    wrong = {path.relative_to(ROOT).as_posix(): uncounted(ast.parse(path.read_text())) for path in files}
    assert {path: found for path, found in wrong.items() if found} == {}


def test_no_page_says_one_rows() -> None:
    plural = re.compile(rf"\\| (?:number|length) *}}}}[ )]+(?:{'|'.join(thing + 's' for thing in THINGS)})\\b")
    pages = ROOT.glob("functions/console/pages/templates/*.html")
    assert {path.name: found for path in pages if (found := plural.findall(path.read_text()))} == {}
