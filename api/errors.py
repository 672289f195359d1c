"""What the gateway refuses by itself."""

from collections.abc import Sequence
from typing import Any

from automations.errors import EverstepError


class RefusedError(EverstepError):
    """Answered as a problem with this HTTP status; `code` never changes. `errors` lists each mistake with its path."""

    def __init__(self, status: int, code: str, sentence: str, errors: Sequence[dict[str, Any]] = ()) -> None:
        super().__init__(sentence)
        self.status = status
        self.code = code
        self.errors = tuple(errors)
