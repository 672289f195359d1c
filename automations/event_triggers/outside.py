"""What happens around a record: crm activities, forms, surveys, mails, texts, visits."""

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from automations.event_triggers.base import Event, EventTrigger, Listen
from automations.model import Name
from automations.texts import says

Called = Annotated[str, StringConstraints(min_length=1, max_length=255)]
EmailEventName = Literal["delivered", "opened", "clicked", "bounced", "unsubscribed", "received"]
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=255, pattern=r"\w")]
UrlPattern = Annotated[str, StringConstraints(min_length=1, max_length=2000)]
"""An address, in which `*` stands for anything."""


class ActivityLogged(EventTrigger):
    """A crm activity was logged, or a scheduled one completed; of one type, or of any."""

    type: Literal["activity_logged"] = "activity_logged"
    activity_type: Name | None = None

    def summary(self) -> str:
        return f"{self.activity_type or 'a crm activity'} is logged"

    def listens(self) -> frozenset[Listen]:
        key = self.activity_type or ""
        return frozenset({Listen("activity_logged", key), Listen("activity_completed", key)})

    def mismatch(self, event: Event) -> str | None:
        return None

    def told(self, event: Event) -> dict[str, Any]:
        return {"activity": event.part("activity")}


class FormSubmitted(EventTrigger):
    """The record's person sent a form in: the one named, or any."""

    type: Literal["form_submitted"] = "form_submitted"
    form: Called | None = None

    def summary(self) -> str:
        return f"form {self.form or 'any'} is submitted"

    def listens(self) -> frozenset[Listen]:
        return frozenset({Listen("form_submitted", self.form or "")})

    def mismatch(self, event: Event) -> str | None:
        return None

    def told(self, event: Event) -> dict[str, Any]:
        return {"form": event.payload.get("form"), "values": event.part("values")}


class SurveySubmitted(EventTrigger):
    """The record's person answered a survey: the one named, or any."""

    type: Literal["survey_submitted"] = "survey_submitted"
    survey: Called | None = None

    def summary(self) -> str:
        return f"survey {self.survey or 'any'} is submitted"

    def listens(self) -> frozenset[Listen]:
        return frozenset({Listen("survey_submitted", self.survey or "")})

    def mismatch(self, event: Event) -> str | None:
        return None

    def told(self, event: Event) -> dict[str, Any]:
        return {"survey": event.payload.get("survey"), "values": event.part("values")}


class EmailEvent(EventTrigger):
    """Something became of a mail to the record's person, or one came from there. `link` may hold `*`."""

    type: Literal["email_event"] = "email_event"
    event: EmailEventName
    message: Called | None = None
    link: UrlPattern | None = None

    def summary(self) -> str:
        link = f", link {self.link}" if self.link else ""
        return f"mail {self.message or 'any'} is {self.event}{link}"

    def listens(self) -> frozenset[Listen]:
        return frozenset({Listen("email_event", self.event)})

    def mismatch(self, event: Event) -> str | None:
        message, link = event.payload.get("message"), event.payload.get("link")
        if self.message not in (None, message):
            return f"It was about mail {message or 'without a name'}; wanted: {self.summary()}."
        if self.link is not None and not is_like(self.link, str(link or "")):
            return f"The link was {link or 'not told'}; wanted: {self.summary()}."
        return None

    def told(self, event: Event) -> dict[str, Any]:
        return {key: event.payload.get(key) for key in ("event", "message", "link")}


class TextReceived(EventTrigger):
    """A text came from the record's person. `contains`: with one of these words or groups of words in it, whatever their case."""

    type: Literal["text_received"] = "text_received"
    contains: list[Words] | None = Field(None, min_length=1, max_length=50)

    def summary(self) -> str:
        words = f" with {' or '.join(self.contains)}" if self.contains else ""
        return f"a text{words} is received"

    def listens(self) -> frozenset[Listen]:
        return frozenset({Listen("text_received")})

    def mismatch(self, event: Event) -> str | None:
        body = str(event.payload.get("body", ""))
        if self.contains is None or any(says(body, words) for words in self.contains):
            return None
        return f"The text has none of these words: {', '.join(self.contains)}."

    def told(self, event: Event) -> dict[str, Any]:
        return {key: event.payload.get(key) for key in ("from", "body")}


class WebsiteVisited(EventTrigger):
    """The record's person visited a page. `*` in the address stands for anything."""

    type: Literal["website_visited"] = "website_visited"
    url: UrlPattern

    def summary(self) -> str:
        return f"{self.url} is visited"

    def listens(self) -> frozenset[Listen]:
        return frozenset({Listen("website_visited")})

    def mismatch(self, event: Event) -> str | None:
        url = str(event.payload.get("url", ""))
        return None if is_like(self.url, url) else f"The page was {url}; wanted: {self.url}."

    def told(self, event: Event) -> dict[str, Any]:
        return {"url": event.payload.get("url")}


def is_like(pattern: str, url: str) -> bool:
    """Without case; a slash at the end is there or not."""
    pattern, url = pattern.lower(), url.lower()
    return _is_like(pattern, url) or _is_like(pattern.rstrip("/"), url.rstrip("/"))


def _is_like(pattern: str, text: str) -> bool:
    """Each part is looked for once: a regular expression would try long addresses for ever."""
    first, *parts = pattern.split("*")
    if not parts:
        return text == first
    last = parts.pop()
    if not text.startswith(first) or not text.endswith(last) or len(text) < len(first) + len(last):
        return False
    place, end = len(first), len(text) - len(last)
    for part in parts:
        found = text.find(part, place, end)
        if found < 0:
            return False
        place = found + len(part)
    return True
