"""A request that works for each route that takes a body, on what `examples/` holds: they stand in the description of the API."""

from typing import Any

RECORD = "019a2b3c-4d5e-7f60-8a1b-2c3d4e5f6071"
"""Stands for the id of a lead."""

_DOCUMENT: dict[str, Any] = {
    "api_name": "hello",
    "name": "Say hello",
    "active": True,
    "triggers": [{"id": "hook", "type": "webhook", "name": "greet", "extract": {"who": "$.name"}}],
    "variables": [{"id": "v", "name": "who", "required": True, "sources": [{"webhook": "greet", "value": "who"}]}],
    "steps": [
        {"id": "wait", "type": "delay", "minutes": 1},
        {"id": "done", "type": "stop_execution", "action": "complete", "reason": "Hello, {{ variables.who }}"},
    ],
}
_YAML = """api_name: hello
name: Say hello
active: true
triggers:
  - {id: hook, type: webhook, name: greet, extract: {who: "$.name"}}
variables:
  - {id: v, name: who, required: true, sources: [{webhook: greet, value: who}]}
steps:
  - {id: wait, type: delay, minutes: 1}
  - {id: done, type: stop_execution, action: complete, reason: "Hello, {{ variables.who }}"}
"""
_SWISS = {"all": [{"field": "country", "op": "is_any_of", "value": ["AT", "CH"]}]}
_ASKED = {"by": "ada@example.com", "why": "the customer called"}

BODIES: dict[str, Any] = {
    "begin_recovery": {"decision": "start_again", "by": "ada@example.com", "why": "Temporal was restored to 10 o'clock"},
    "put_automation": _DOCUMENT,
    "duplicate_automation": {"api_name": "demo-request-uk", "name": "Follow up a demo request in the UK"},
    "validate_automation": _DOCUMENT,
    "validate_document": _DOCUMENT,
    "get_impact": _DOCUMENT,
    "run_dry": {"record_id": RECORD, "variables": {"seats": 80}},
    "start_execution": {"record_id": RECORD, "variables": {"seats": 80}},
    "request_in_bulk": {"filter": {"automation": "demo-request", "state": ["paused"]}, **_ASKED},
    "pause_execution": _ASKED,
    "resume_execution": _ASKED,
    "cancel_execution": _ASKED,
    "skip_execution_step": {**_ASKED, "step": "settle"},
    "retry_execution": _ASKED,
    "restart_execution": {**_ASKED, "step": "note"},
    "start_in_bulk": {"filter": _SWISS, "priority": "low"},
    "cancel_bulk_start": _ASKED,
    "cancel_bulk_request": _ASKED,
    "put_kill_switch": {"scope": "host", "key": "*.example.net", "mode": "hold", "why": "it answers with nonsense"},
    "lift_kill_switch": {"why": "it is well again"},
    "call_webhook": {"contact": {"email": "lise@fission.example"}, "company": {"seats": 80}, "source": "website"},
    "make_webhook_secret": {"grace_hours": 48},
    "save_object": {
        "api_name": "deal",
        "name": "Deal",
        "stages": ["Open", "Won", "Lost"],
        "fields": [
            {"name": "amount", "type": "money", "currency": "EUR"},
            {"name": "closes_on", "type": "date"},
            {"name": "lead", "type": "relationship", "object": "lead"},
        ],
    },
    "create_record": {
        "name": "Mary Somerville",
        "stage": "New",
        "owner": "ingrid@example.com",
        "values": {"email": "mary@orbits.example", "country": "UK", "seats": 7},
    },
    "put_record": {"match": {"email": "mary@orbits.example"}, "name": "Mary Somerville", "values": {"seats": 8}},
    "search_for_records": {"filter": _SWISS, "sort": [{"field": "seats", "direction": "desc"}], "size": 20},
    "change_record": {"stage": "Won", "values": {"seats": 90, "budget": None}},
    "create_activity": {"type": "meeting", "status": "scheduled", "due_at": "2030-03-01T09:00:00Z", "note": "A first look"},
    "change_activity": {"note": "A first look, with Grace"},
    "complete_activity": {"by": "ada@example.com"},
    "cancel_activity": {"by": "ada@example.com"},
    "tell_events": {
        "kind": "form_submitted",
        "record": {"object": "lead", "email": "ada@analytical.example"},
        "form": "newsletter",
    },
    "save_message_template": {
        "channel": "email",
        "name": "Welcome",
        "subject": "Welcome, {{ record.name }}",
        "body": "Hello {{ record.name }}, it is good to have you with us.",
        "html": "<h1>Welcome</h1><p>Hello {{ record.name }}, it is good to have you with us.</p>",
    },
    "suppress_address": {"reason": "by_hand"},
    "save_employee": {"name": "Ingrid Daubechies", "roles": ["sales"]},
    "save_business": {
        "name": "Symmetry AG",
        "timezone": "Europe/Zurich",
        "locale": "de-CH",
        "operations_email": "ops@example.com",
    },
    "make_api_key": {
        "name": "ci",
        "scopes": ["automations:edit", "executions:operate@automation/demo-request"],
        "expires_in_days": 90,
    },
    "rotate_api_key": {"grace_hours": 24},
    "revoke_api_key": {"why": "it was in a screenshot"},
    "put_secret": {"value": "a-token-of-another-system"},
}
"""By the name of the operation."""

YAML_BODIES = dict.fromkeys(("put_automation", "validate_automation", "validate_document", "get_impact"), _YAML)

NAMES = {"automations": "demo-request", "webhooks": "demo-request", "objects": "lead"}
"""What `api_name` may be, by the first part of the path."""
