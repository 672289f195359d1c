"""What the audit log calls the deeds of each route."""

AUDITED = {
    "PUT /automations/{api_name}": "automation.saved",
    "POST /automations/{api_name}/duplicate": "automation.saved",
    "DELETE /automations/{api_name}": "automation.deleted",
    "POST /automations/{api_name}/activate": "automation.activated",
    "POST /automations/{api_name}/deactivate": "automation.deactivated",
    "POST /automations/{api_name}/executions": "execution.started",
    "POST /executions/{execution_id}/pause": "execution.paused",
    "POST /executions/{execution_id}/resume": "execution.resumed",
    "POST /executions/{execution_id}/cancel": "execution.canceled",
    "POST /executions/{execution_id}/skip": "execution.skipped",
    "POST /executions/{execution_id}/retry": "execution.retried",
    "POST /executions/{execution_id}/restart": "execution.restarted",
    "POST /executions/bulk/{kind}": "execution.canceled",
    "POST /automations/{api_name}/bulk-starts": "bulk_start.begun",
    "POST /bulk-starts/{bulk_start_id}/cancel": "bulk_start.canceled",
    "PUT /kill-switches": "kill_switch.set",
    "POST /kill-switches/{switch_id}/lift": "kill_switch.lifted",
    "POST /automations/{api_name}/webhooks/{name}/secrets": "webhook_secret.made",
    "DELETE /automations/{api_name}/webhooks/{name}/secrets/{secret_id}": "webhook_secret.deleted",
    "POST /webhook-deliveries/{delivery_id}/replay": "delivery.replayed",
    "PUT /secrets/{name}": "secret.saved",
    "DELETE /secrets/{name}": "secret.deleted",
    "DELETE /records/{record_id}": "record.deleted",
    "PUT /objects/{api_name}": "object.saved",
    "PUT /employees/{email}": "employee.saved",
    "PUT /business": "business.saved",
    "POST /api-keys": "key.made",
    "POST /api-keys/{key_id}/revoke": "key.revoked",
    "POST /api-keys/{key_id}/rotate": "key.rotated",
}
"""What each route that changes something is called in the audit log."""

_READS = "it only reads"
_COOKIE = "it concerns the session of a browser"
_EVENT = "the change of a record is an event"
UNAUDITED = {
    "POST /automations/{api_name}/impact": _READS,
    "POST /automations/{api_name}/validate": _READS,
    "POST /automations/validate": _READS,
    "POST /automations/{api_name}/dry-run": "it changes nothing",
    "POST /codec/decode": _READS,
    "POST /codec/encode": _READS,
    "POST /codec/sign-in": _COOKIE,
    "POST /codec/sign-out": _COOKIE,
    "POST /objects/{api_name}/records": _EVENT,
    "POST /objects/{api_name}/records/search": _READS,
    "POST /objects/{api_name}/records/upsert": _EVENT,
    "PATCH /records/{record_id}": _EVENT,
    "POST /records/{record_id}/archive": _EVENT,
    "POST /records/{record_id}/unarchive": _EVENT,
    "POST /records/{record_id}/activities": _EVENT,
    "PATCH /activities/{activity_id}": _EVENT,
    "POST /activities/{activity_id}/complete": _EVENT,
    "POST /activities/{activity_id}/cancel": _EVENT,
    "POST /events": "an event is kept as one",
    "POST /texts/twilio/incoming": "a text is kept as one",
    "POST /texts/twilio/status": "it is kept with its message",
    "POST /webhooks/{api_name}/{name}": "a call is kept as a delivery",
}
"""Routes that write nothing to the audit log, and why."""
