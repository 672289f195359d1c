"""What a webhook call carried. Any body is taken: what cannot be read is kept as text."""

from dataclasses import dataclass
from typing import Any
from xml.parsers.expat import ExpatError

import jsonpath
import structlog
import xmltodict
from pydantic_core import from_json

from api.webhooks.payloads.forms import multipart, named
from api.webhooks.payloads.tables import rows_of
from api.webhooks.payloads.texts import ContentType, kept
from automations.json_paths import PathTooCostlyError, find
from automations.storable import storable_text
from automations.triggers.webhook import AnyPlace, place_of

_LOG = structlog.get_logger("everstep.webhooks")


@dataclass(frozen=True)
class Call:
    """A call of a webhook as it came. The query is that of the address, without the question mark."""

    method: str
    query: bytes
    content_type: str
    body: bytes

    @property
    def query_text(self) -> str:
        """As it is written: no character is lost."""
        return self.query.decode("latin-1")

    @property
    def signed(self) -> bytes:
        """What a signature is made over."""
        return self.query if self.method == "GET" else self.body


@dataclass(frozen=True)
class Payload:
    """What a call says: `body` as its content type reads it (the query of a GET), `query` by name, `raw` the body as text."""

    body: Any
    query: dict[str, Any]
    raw: str

    @staticmethod
    def of(call: Call) -> "Payload":
        query = kept(named(call.query.decode("utf-8", errors="replace")))
        if call.method == "GET":
            return Payload(query, query, call.query_text)
        content_type = ContentType.of(call.content_type)
        return Payload(_body(call.body, content_type), query, storable_text(content_type.text(call.body)))

    def at(self, place: AnyPlace) -> Any:
        """One match as it is, several as a list, None for none."""
        found = place_of(place)
        return _found_at(self.query if found.source == "query" else self.body, found.path)


def _body(body: bytes, content_type: ContentType) -> Any:
    try:
        return kept(_read(body, content_type))
    except (ValueError, ExpatError):
        pass
    except Exception:  # whatever a parser stumbles over: any payload starts
        _LOG.warning("payload_unreadable", content_type=content_type.kind, exc_info=True)
    return storable_text(content_type.text(body))


def _read(body: bytes, content_type: ContentType) -> Any:
    """By the content type; where it says nothing that is known, JSON. Raises ValueError or ExpatError where it is none."""
    kind = content_type.kind
    if kind in ("text/plain", "text/html"):
        return content_type.text(body)
    if kind == "application/x-www-form-urlencoded":
        return _form(content_type.text(body), content_type)
    if kind == "multipart/form-data":
        return multipart(body, content_type)
    if kind in ("application/xml", "text/xml") or kind.endswith("+xml"):
        return _xml(body, content_type)
    if kind == "text/csv":
        return rows_of(content_type.text(body))
    return from_json(content_type.text(body), allow_inf_nan=False)


def _form(text: str, content_type: ContentType) -> Any:
    """What many clients call a form by default is JSON: no form begins like it."""
    if text.lstrip().startswith(("{", "[")):
        try:
            return from_json(text, allow_inf_nan=False)
        except ValueError:
            pass
    return named(text, content_type.charset or "utf-8")


def _xml(body: bytes, content_type: ContentType) -> Any:
    """Elements by name, attributes as "@name", text beside either as "#text", repeated elements as a list. No entities."""
    if content_type.charset is None:
        return xmltodict.parse(body, disable_entities=True)
    return xmltodict.parse(content_type.text(body), encoding="utf-8", disable_entities=True)


def _found_at(payload: Any, path: str) -> Any:
    if not isinstance(payload, (dict, list)):
        return None
    try:
        matches = find(path, payload)
    except PathTooCostlyError as error:
        _LOG.warning("path_given_up", path=path, why=error.sentence)
        return None
    except (jsonpath.JSONPathError, ValueError, TypeError, RecursionError):
        return None
    return matches[0] if len(matches) == 1 else matches or None
