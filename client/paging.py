"""Lists as one, page after page."""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any, Protocol, TypeVar

T_co = TypeVar("T_co", covariant=True)
LARGEST_PAGE = 200


class Paged(Protocol[T_co]):
    @property
    def items(self) -> Sequence[T_co]: ...

    @property
    def next_cursor(self) -> str | None: ...


def each(call: Callable[..., Paged[T_co]], *given: Any, limit: int | None = None, **filters: Any) -> Iterator[T_co]:
    """The items of a list's pages, at most `limit`; the next page is asked for when the one before is used up."""
    size = min(limit or LARGEST_PAGE, LARGEST_PAGE)
    return islice(_items(call, given, {**filters, "size": size}), limit)


def _items(call: Callable[..., Paged[T_co]], given: tuple[Any, ...], filters: dict[str, Any]) -> Iterator[T_co]:
    page = call(*given, **filters)
    yield from page.items
    while page.next_cursor:
        page = call(*given, **filters, cursor=page.next_cursor)
        yield from page.items
