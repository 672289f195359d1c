"""Sums and products of decimal numbers: exact wherever the result can be kept."""

from collections.abc import Iterable
from decimal import (
    ROUND_DOWN,
    ROUND_HALF_EVEN,
    ROUND_HALF_UP,
    ROUND_UP,
    Decimal,
    DivisionByZero,
    Inexact,
    InvalidOperation,
    Overflow,
    localcontext,
)
from typing import Literal

from automations.failures import ExpectedFailure
from automations.scalars import DIGIT_LIMIT, UnfitError, number

Mode = Literal["half_even", "half_up", "up", "down"]
_MODES: dict[Mode, str] = {"half_even": ROUND_HALF_EVEN, "half_up": ROUND_HALF_UP, "up": ROUND_UP, "down": ROUND_DOWN}

_ON_THE_WAY = 100
"""Digits that are kept while it is calculated."""

_SIGNIFICANT = 34
"""Digits of a result that would need more than can be kept, as 1/3."""


def total(numbers: Iterable[Decimal]) -> Decimal:
    """Raises ExpectedFailure."""
    return _calculated(numbers, is_sum=True)


def product(numbers: Iterable[Decimal]) -> Decimal:
    return _calculated(numbers, is_sum=False)


def inverse(value: Decimal) -> Decimal:
    """Raises ExpectedFailure `division_by_zero`."""
    if not value:
        raise ExpectedFailure("division_by_zero", "The calculation divides by zero.")
    with localcontext(prec=_ON_THE_WAY):
        return 1 / value


def rounded(value: Decimal, digits: int, mode: Mode = "half_even") -> Decimal:
    """To so many digits after the point."""
    with localcontext(prec=1_200):
        return value.quantize(Decimal(1).scaleb(-digits), _MODES[mode])


def _calculated(numbers: Iterable[Decimal], *, is_sum: bool) -> Decimal:
    try:
        with localcontext(prec=_ON_THE_WAY) as context:
            context.traps[DivisionByZero] = context.traps[Overflow] = context.traps[InvalidOperation] = True
            result = Decimal(0 if is_sum else 1)
            for each in numbers:
                result = result + each if is_sum else result * each
            return _kept(result, is_exact=not context.flags[Inexact])
    except (InvalidOperation, Overflow) as error:
        raise ExpectedFailure("number_too_large", _TOO_LARGE) from error


_TOO_LARGE = f"The calculation comes to a number of more than {DIGIT_LIMIT} digits before the point, which is the most."


def _kept(result: Decimal, *, is_exact: bool) -> Decimal:
    if result and result.adjusted() >= DIGIT_LIMIT:
        raise ExpectedFailure("number_too_large", _TOO_LARGE)
    if is_exact and _fits(result):
        return result
    return rounded(result, min(_SIGNIFICANT - 1 - result.adjusted(), DIGIT_LIMIT)) or Decimal(0)


def _fits(result: Decimal) -> bool:
    try:
        number(result)
    except UnfitError:
        return False
    return True
