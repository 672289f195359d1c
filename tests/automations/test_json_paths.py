"""JSONPaths find what they name, and none of them takes for ever."""

from typing import Any

import jsonpath
import pytest

from automations.json_paths import EFFORT, PathTooCostlyError, find, is_plain

ORDERS = {"items": [{"sku": "a-1", "n": 2}, {"sku": "B-2", "n": 5}], "note": "first\nsecond"}
DEEP: Any = 1
for _ in range(90):
    DEEP = {"below": DEEP, "beside": [1] * 2_000}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("$.items[0].sku", ["a-1"]),
        ("$.items[-1:].n", [5]),
        ("$..sku", ["a-1", "B-2"]),
        ("$.items[?@.n > 2].sku", ["B-2"]),
        ("$.items[?match(@.sku, '[a-z]-[0-9]')].n", [2]),
        ("$.items[?match(@.sku, '[a-z]')].n", []),
        ("$.items[?search(@.sku, '[0-9]')].n", [2, 5]),
        ("$.items[?@.sku =~ /b-./i].n", [5]),
        ("$[?@ =~ /first.second/s]", ["first\nsecond"]),
        ("$.items[?search(@.sku, '[')].n", []),
        ("$.items[?count($..n) == 2].n", [2, 5]),
        ("$.nothing", []),
    ],
)
def test_a_path_finds_what_it_names(path: str, found: list[Any]) -> None:
    assert find(path, ORDERS) == found


@pytest.mark.parametrize("path", ["$..[?(@..a)]", "$..[?@..[?@..a]]", "$..[?count($..*) > 0 && @..a]", "$..[?@..*..*..*]"])
def test_a_path_that_looks_at_too_much_is_given_up(path: str) -> None:
    with pytest.raises(PathTooCostlyError, match=f"more than {EFFORT:,} values"):
        find(path, DEEP)


def test_a_path_that_finds_the_same_many_times_over_is_given_up() -> None:
    with pytest.raises(PathTooCostlyError, match="finds more than"):
        find("$..*", DEEP)


@pytest.mark.parametrize("path", ["$[?search(@, '(a*)*b')]", "$[?match(@, '(a|aa)+b')]", "$[?@ =~ /(a+)+b/]"])
def test_a_regular_expression_tries_no_text_in_all_ways(path: str) -> None:
    assert find(path, ["a" * 100_000]) == []


def test_a_long_key_is_not_written_down_for_each_value_below_it() -> None:
    assert len(find("$.*.*", {"k" * 500_000: [1] * 250_000})) == 250_000


def test_all_of_one_large_value_is_found() -> None:
    large = ["x" * 2_000_000]
    assert find("$", large) == [large]


def test_a_value_deeper_than_a_path_goes_is_an_error_of_the_path() -> None:
    value: Any = 1
    for _ in range(200):
        value = [value]
    with pytest.raises(jsonpath.JSONPathError):
        find("$..x", value)


@pytest.mark.parametrize(("path", "plain"), [("$.a[0]['b']", True), ("$..a", False), ("$.a[?@.b]", False), ("$.a.*", False)])
def test_a_plain_path_only_names_a_place(path: str, plain: bool) -> None:
    assert is_plain(path) is plain
