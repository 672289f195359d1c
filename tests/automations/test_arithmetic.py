"""Sums and products: exact where they can be kept, and refused where they are too large."""

from decimal import Decimal

import pytest

from automations.arithmetic import inverse, product, rounded, total
from automations.failures import ExpectedFailure

MOST = Decimal("12345678901234567890123456789012345678")
"""Of 38 digits."""


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (total([Decimal("1.10"), Decimal("2.20"), Decimal(-3)]), "0.30"),
        (total([MOST, Decimal(0)]), str(MOST)),
        (product([MOST, Decimal(-1)]), f"-{MOST}"),
        (product([Decimal(10), inverse(Decimal(3))]), "3.333333333333333333333333333333333"),
        (product([inverse(Decimal(40_000_000))]), "0.000000025"),
        (product([Decimal("1e-500")]), "0"),
        (product([Decimal("1.1")] * 50), "117.3908528796953165066664959903583"),
    ],
)
def test_results_are_exact_as_far_as_they_can_be_kept(found: Decimal, expected: str) -> None:
    assert format(found, "f") == expected


@pytest.mark.parametrize("factors", [("1e30", "1e30"), ("1e999999", "1e999999")])
def test_what_is_too_large_is_refused(factors: tuple[str, str]) -> None:
    with pytest.raises(ExpectedFailure) as found:
        product(map(Decimal, factors))
    assert found.value.code == "number_too_large"


def test_a_part_that_does_not_end_leaves_no_trace_where_the_whole_does() -> None:
    assert product([Decimal(3), inverse(Decimal(3))]) == 1


@pytest.mark.parametrize(("mode", "found"), [("half_even", "2.2"), ("half_up", "2.3"), ("up", "2.3"), ("down", "2.2")])
def test_halves_are_rounded_as_it_is_said(mode: str, found: str) -> None:
    assert str(rounded(Decimal("2.25"), 1, mode)) == found  # pyright: ignore[reportArgumentType]
