"""Documents and their parts as plain JSON values: a test says only what matters to it."""

from typing import Any

from pydantic import TypeAdapter

from automations.steps import AnyStep, Step

Json = dict[str, Any]
STEP: TypeAdapter[AnyStep] = TypeAdapter(Step)


def document(**parts: Any) -> Json:
    """A global automation without steps, unless the parts say otherwise."""
    return {"api_name": "demo", "name": "Demo", **parts}


def delay(id: str, **more: Any) -> Json:
    length = {} if {"for", "until", "at", "hours", "minutes", "weeks", "months", "years"} & more.keys() else {"days": 1}
    return {"id": id, "type": "delay", **length, **more}


def condition(id: str, yes: Any = None, no: Any = None, **more: Any) -> Json:
    """Asks for a variable `seats`, unless `if` says otherwise."""
    asked = {"variable": "seats", "op": ">=", "value": 50}
    return {"id": id, "type": "condition", "if": asked, "if_yes": yes or [], "if_no": no or [], **more}


def branch(id: str, *lanes: list[Json], **named: list[Json]) -> Json:
    """Lanes that are called by their place, then those with a name."""
    nameless: list[Json] = [{"steps": steps} for steps in lanes]
    return {"id": id, "type": "branch", "lanes": nameless + [{"name": name, "steps": steps} for name, steps in named.items()]}


def goal(id: str, *triggers: Json, met: Any = None, not_met: Any = None, **more: Any) -> Json:
    """Waits for the field `status` to become Booked, unless the triggers say otherwise."""
    waits_for = list(triggers) or [{"type": "field_updated", "field": "status", "to": "Booked"}]
    return {"id": id, "type": "goal", "triggers": waits_for, "if_met": met or [], "if_not_met": not_met or [], **more}


def go_to(id: str, step: str, **more: Any) -> Json:
    return {"id": id, "type": "go_to_step", "step": step, **more}


def stop(id: str, action: str = "complete", **more: Any) -> Json:
    return {"id": id, "type": "stop_execution", "action": action, **more}


def change(id: str, **values: Any) -> Json:
    """Overwrites the named fields."""
    changes = [{"field": field, "value": value} for field, value in values.items()]
    return {"id": id, "type": "change_field_value", "changes": changes}


def changes(id: str, *each: Json, **more: Any) -> Json:
    """Several fields, each in its own way."""
    return {"id": id, "type": "change_field_value", "changes": list(each), **more}


def tags(id: str, **more: Any) -> Json:
    return {"id": id, "type": "change_tags", **more}


def update(id: str, variable: str, *sources: Any, **more: Any) -> Json:
    return {"id": id, "type": "update_variable", "variable": variable, "sources": list(sources) or [{"static": 1}], **more}


def math(id: str, *arguments: Json, into: Json, operation: str = "add", **more: Any) -> Json:
    return {"id": id, "type": "math", "operation": operation, "arguments": list(arguments), "into": into, **more}


def mail(id: str, to: Any = "owner", subject: str = "Hello", **more: Any) -> Json:
    return {"id": id, "type": "notify_member_via_email", "to": to, "subject": subject, **more}


def assign(id: str, how: str, **more: Any) -> Json:
    return {"id": id, "type": "assign_team_member", "how": how, **more}


def schedule(id: str, activity_type: str = "call", **more: Any) -> Json:
    return {"id": id, "type": "schedule_activity", "activity_type": activity_type, **more}


def unschedule(id: str, *activity_types: str, **more: Any) -> Json:
    """Of all types, unless some are named."""
    return {"id": id, "type": "delete_scheduled_activity", "activity_types": list(activity_types), **more}


def text(id: str, body: str | None = "Hello", **more: Any) -> Json:
    """To the record's person, unless its type says otherwise."""
    return {"id": id, "type": "send_text", **({"body": body} if body and "template" not in more else {}), **more}


def ask(id: str, body: str = "How many?", answered: Any = None, not_answered: Any = None, **more: Any) -> Json:
    paths = {"if_answered": answered or [], "if_not_answered": not_answered or []}
    return {"id": id, "type": "request_info_via_text", "body": body, **paths, **more}


def send_email(id: str, **more: Any) -> Json:
    said = {} if "template" in more else {"subject": "Hello"}
    return {"id": id, "type": "send_email", **said, **more}


def send_related(id: str, contact: Any = "people", **more: Any) -> Json:
    """To those behind a field, or those that are named otherwise."""
    named = {"field": contact} if isinstance(contact, str) else contact
    said = {} if "template" in more else {"subject": "Hello"}
    return {"id": id, "type": "send_related_contact_email", "contact": named, **said, **more}


def request(id: str, url: str = "http://example.org", **more: Any) -> Json:
    return {"id": id, "type": "http_request", "url": url, **more}


def start(id: str, *automations: str, on: Any = "global", **more: Any) -> Json:
    return {"id": id, "type": "start_automation", "automations": list(automations), "on": on, **more}


def variable(name: str, *sources: Json, type: str = "number", **more: Any) -> Json:
    return {"id": f"v-{name}", "name": name, "type": type, "sources": list(sources) or [{"static": 1}], **more}


def webhook(id: str = "hook", name: str = "form", **more: Any) -> Json:
    return {"id": id, "type": "webhook", "name": name, "auth": "none", **more}


def manual(id: str = "hand", **more: Any) -> Json:
    return {"id": id, "type": "manual", **more}


def modify(id: str, action: str, *automations: str, **more: Any) -> Json:
    """Whatever is under way, unless automations are named."""
    return {"id": id, "type": "modify_automation", "action": action, "automations": list(automations) or "all", **more}


def create(id: str, object: str, name: str, **more: Any) -> Json:
    return {"id": id, "type": "create_record", "object": object, "name": name, **more}


def modify_related(id: str, records: Any, *changes: Json, **more: Any) -> Json:
    return {"id": id, "type": "modify_related_records", "records": records, "changes": list(changes), **more}


def archive(id: str, records: Any = "this_record", **more: Any) -> Json:
    return {"id": id, "type": "archive_record", "records": records, **more}


def search(id: str, object: str, *, into: str, **more: Any) -> Json:
    return {"id": id, "type": "search_records", "object": object, "into": into, **more}
