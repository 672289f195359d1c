"""Lists a page at a time: each page names the cursor of the next one."""

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel
from pydantic_core import from_json, to_json

from api.problems import InvalidCursorError

MAX_SIZE = 200
Item = TypeVar("Item")
Key = TypeVar("Key")


class Page(BaseModel, Generic[Item]):
    """`next_cursor` is null on the last page."""

    items: list[Item]
    next_cursor: str | None = None


class PageRequest:
    """Which page is asked for: `?cursor=…&size=…`."""

    def __init__(
        self,
        cursor: Annotated[str | None, Query(max_length=4000, description="The next_cursor of the page before")] = None,
        size: Annotated[int, Query(ge=1, le=MAX_SIZE)] = 50,
    ) -> None:
        self._cursor = cursor
        self.size = size

    @property
    def size_and_one(self) -> int:
        """What to ask the store for: the one too many says that there is a next page."""
        return self.size + 1

    def after(self, list_name: str, key: Callable[[str], Key]) -> Key | None:
        """The key of the last item of the page before. Raises InvalidCursorError, also for the cursor of another list."""
        if self._cursor is None:
            return None
        try:
            text = base64.urlsafe_b64decode(self._cursor.encode())
            found = from_json(text)
            if rb"\u0000" not in text and isinstance(found, list) and found[:1] == [list_name] and len(found) == 2:
                return key(found[1])
        except (ValueError, TypeError, AttributeError, ArithmeticError, binascii.Error):
            pass
        raise InvalidCursorError("The cursor is not one of this list: begin again without one.")

    def page(self, list_name: str, rows: Sequence[Any], view: Callable[[Any], Item], key: Callable[[Any], str]) -> Page[Item]:
        """Of rows that were asked for with `size_and_one`."""
        kept = rows[: self.size]
        cursor = _cursor(list_name, key(kept[-1])) if len(rows) > self.size else None
        return Page(items=[view(row) for row in kept], next_cursor=cursor)


def _cursor(list_name: str, key: str) -> str:
    return base64.urlsafe_b64encode(to_json([list_name, key])).decode()
