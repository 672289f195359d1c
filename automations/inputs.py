"""Values as other systems send them, brought into the form in which fields keep theirs."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, TypeVar

from pydantic import BeforeValidator

from automations import scalars

_T = TypeVar("_T")


def _fitting(check: Callable[[object], _T]) -> BeforeValidator:
    def checked(raw: object) -> _T:
        try:
            return check(raw)
        except scalars.UnfitError as unfit:
            raise ValueError(f"It must be {unfit.expected}.") from None

    return BeforeValidator(checked)


Moment = Annotated[datetime, _fitting(scalars.moment)]
"""With its offset as it comes in, in UTC as it is kept."""

EmailAddress = Annotated[str, _fitting(scalars.email)]
Id = Annotated[str, _fitting(scalars.uuid_text)]
PhoneNumber = Annotated[str, _fitting(scalars.phone)]
