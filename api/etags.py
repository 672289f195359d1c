"""Guards against lost updates: the revision of a thing is its ETag, and If-Match asks for it."""

from typing import Annotated

from fastapi import Header, Response

from api.errors import RefusedError

IfMatch = Annotated[str | None, Header(max_length=100, description="The ETag that was read: its revision in quotes")]
_LARGEST = 2**31 - 1


def expected_revision(if_match: str | None, otherwise: int | None = None) -> int | None:
    """Raises RefusedError 400 for an If-Match that is no ETag of ours."""
    if if_match is None or if_match.strip() == "*":
        return otherwise
    text = if_match.strip().removeprefix("W/").strip('"')
    if not (text.isascii() and text.isdigit() and int(text[:20]) <= _LARGEST):
        raise RefusedError(400, "invalid_etag", "If-Match takes one ETag as it was answered: a revision in quotes.")
    return int(text)


def tag(response: Response, revision: int) -> None:
    response.headers["ETag"] = f'"{revision}"'
