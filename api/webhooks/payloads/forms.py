"""Queries and forms: a value by name, several values of one name as a list."""

import logging
from typing import Any
from urllib.parse import parse_qs

from python_multipart.multipart import Field, File, FormParser

from api.webhooks.payloads.texts import ContentType

logging.getLogger("python_multipart").setLevel(logging.CRITICAL)  # it tells of each form that is broken
_IN_MEMORY = {"MAX_MEMORY_FILE_SIZE": float("inf")}


def named(text: str, charset: str = "utf-8") -> dict[str, Any]:
    """Of `a=1&b=2&b=3`."""
    found = parse_qs(text, keep_blank_values=True, encoding=charset, errors="replace")
    return {name: _alone(values) for name, values in found.items()}


def multipart(body: bytes, content_type: ContentType) -> dict[str, Any]:
    """Text fields as they are; of a file its name, content type and size. Raises ValueError where it is broken or cut short."""
    found: dict[str, list[Any]] = {}
    ended: list[bool] = []

    def add(part: Field | File, value: Any) -> None:
        found.setdefault(content_type.text(part.field_name or b""), []).append(value)

    parser = FormParser(
        content_type.kind, lambda field: add(field, content_type.text(field.value or b"")),
        lambda file: add(file, _told(file, content_type)), lambda: ended.append(True), content_type.boundary,
        config=_IN_MEMORY,
    )  # fmt: skip
    parser.write(body)
    parser.finalize()
    if not ended:
        raise ValueError("the form is cut short")
    return {name: _alone(values) for name, values in found.items()}


def _told(file: File, content_type: ContentType) -> dict[str, Any]:
    name = content_type.text(file.file_name or b"")
    return {"file_name": name, "content_type": file.content_type or "", "size": file.size}


def _alone(values: list[Any]) -> Any:
    return values[0] if len(values) == 1 else values
