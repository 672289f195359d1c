"""Written by `make client` from the description of the gateway: not to be edited."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from client.models import (
    ActivityPatch,
    ActivityView,
    ActivityViewPage,
    AuditView,
    AuditViewPage,
    AutomationView,
    AutomationViewPage,
    BulkRequestBody,
    BulkRequestItemPage,
    BulkRequestProgress,
    BulkRequestProgressPage,
    BulkRequestView,
    BulkStartBody,
    BulkStartRecordViewPage,
    BulkStartView,
    BulkStartViewPage,
    Business,
    CancelBody,
    CountView,
    DeletedAutomationView,
    DeletedRecordView,
    DeliveryViewPage,
    DoneBody,
    DryRunBody,
    DryRunView,
    DueViewPage,
    DuplicateBody,
    EmployeeBody,
    EmployeeView,
    EmployeeViewPage,
    EvaluatedViewPage,
    EventView,
    EventViewPage,
    ExecutionView,
    ExecutionViewPage,
    ExplanationView,
    FileView,
    Health,
    HistoryView,
    ImpactView,
    IncomingTextViewPage,
    KeyView,
    KeyViewPage,
    LiftBody,
    MadeKeyView,
    MadeSecretView,
    MessageTemplateBody,
    MessageTemplateView,
    MessageTemplateViewPage,
    MessageViewPage,
    MissingWorkflowViewPage,
    NewActivity,
    NewKeyBody,
    NewRecord,
    NewSecret,
    ObjectBody,
    ObjectView,
    ObjectViewPage,
    OwnKeyView,
    Readiness,
    RecordChange,
    RecordView,
    RecordViewPage,
    RecoveryBody,
    RecoveryView,
    RecoveryViewPage,
    RequestBody,
    RestartBody,
    RevokeBody,
    RotateBody,
    SearchBody,
    SecretValue,
    SecretView,
    StartBody,
    StartedView,
    StepType,
    StoredSecretView,
    StoredSecretViewPage,
    SuppressionBody,
    SuppressionView,
    SuppressionViewPage,
    SwitchBody,
    SwitchView,
    SwitchViewPage,
    ToldView,
    TriggerExplanationView,
    TriggerType,
    UpsertBody,
    ValidationView,
    VariableView,
    WebhookView,
    WholeDeliveryView,
    WholeMessageView,
)
from client.transport import Json, ServerSentEvent, Transport, segment


class Operations(Transport):
    """A method for each route. Each raises ProblemError where the gateway refuses, UnreachableError where there is none."""

    def get_activity(self, activity_id: UUID | str) -> ActivityView:
        """Read a crm activity."""
        return self._call("GET", f"/activities/{segment(activity_id)}", ActivityView)

    def change_activity(
        self, activity_id: UUID | str, body: ActivityPatch | Json, *, idempotency_key: str | None = None
    ) -> ActivityView:
        """Change a scheduled crm activity."""
        return self._call(
            "PATCH", f"/activities/{segment(activity_id)}", ActivityView, body=body, idempotency_key=idempotency_key
        )

    def cancel_activity(
        self, activity_id: UUID | str, body: DoneBody | Json | None = None, *, idempotency_key: str | None = None
    ) -> ActivityView:
        """Cancel a crm activity.

        It stays in the list, as canceled. Done twice, the second time changes nothing.
        """
        return self._call(
            "POST", f"/activities/{segment(activity_id)}/cancel", ActivityView, body=body, idempotency_key=idempotency_key
        )

    def complete_activity(
        self, activity_id: UUID | str, body: DoneBody | Json | None = None, *, idempotency_key: str | None = None
    ) -> ActivityView:
        """Complete a crm activity.

        Done twice, the second time changes nothing and starts nothing.
        """
        return self._call(
            "POST", f"/activities/{segment(activity_id)}/complete", ActivityView, body=body, idempotency_key=idempotency_key
        )

    def get_api_keys(self, *, revoked: bool | None = None, cursor: str | None = None, size: int | None = None) -> KeyViewPage:
        """List the API keys.

        Newest first.
        """
        return self._call("GET", "/api-keys", KeyViewPage, query={"revoked": revoked, "cursor": cursor, "size": size})

    def make_api_key(self, body: NewKeyBody | Json, *, idempotency_key: str | None = None) -> MadeKeyView:
        """Make an API key.

        It may do what its maker may, at most.
        """
        return self._call("POST", "/api-keys", MadeKeyView, body=body, idempotency_key=idempotency_key)

    def get_own_api_key(self) -> OwnKeyView:
        """Ask what the own API key may do.

        Of the key that the question comes with.
        """
        return self._call("GET", "/api-keys/self", OwnKeyView)

    def get_api_key(self, key_id: UUID | str) -> KeyView:
        """Read an API key."""
        return self._call("GET", f"/api-keys/{segment(key_id)}", KeyView)

    def revoke_api_key(
        self, key_id: UUID | str, body: RevokeBody | Json | None = None, *, idempotency_key: str | None = None
    ) -> KeyView:
        """Revoke an API key.

        It is refused from now on. The last one with the scope admin stays: nobody could make another.
        """
        return self._call("POST", f"/api-keys/{segment(key_id)}/revoke", KeyView, body=body, idempotency_key=idempotency_key)

    def rotate_api_key(
        self, key_id: UUID | str, body: RotateBody | Json | None = None, *, idempotency_key: str | None = None
    ) -> MadeKeyView:
        """Rotate an API key.

        A new key with the name and the scopes of this one, which expires after the grace time.
        """
        return self._call("POST", f"/api-keys/{segment(key_id)}/rotate", MadeKeyView, body=body, idempotency_key=idempotency_key)

    def get_audit(
        self,
        *,
        kind: str | None = None,
        target: str | None = None,
        action: str | None = None,
        key_id: UUID | str | None = None,
        since: datetime | str | None = None,
        until: datetime | str | None = None,
        cursor: str | None = None,
        size: int | None = None,
    ) -> AuditViewPage:
        """List what was done.

        Newest first; all that is said must hold.
        """
        return self._call(
            "GET",
            "/audit",
            AuditViewPage,
            query={
                "kind": kind,
                "target": target,
                "action": action,
                "key_id": key_id,
                "since": since,
                "until": until,
                "cursor": cursor,
                "size": size,
            },
        )

    def get_audit_entry(self, audit_id: UUID | str) -> AuditView:
        """Read what was done, whole.

        With all that was before and after.
        """
        return self._call("GET", f"/audit/{segment(audit_id)}", AuditView)

    def list_automations(
        self,
        *,
        cursor: str | None = None,
        size: int | None = None,
        object: str | None = None,
        active: bool | None = None,
        name: str | None = None,
        webhook: bool | None = None,
        sort: Literal["api_name", "name", "-updated_at"] | None = None,
    ) -> AutomationViewPage:
        """List automations.

        By api_name, by name, or the last changed first.
        """
        return self._call(
            "GET",
            "/automations",
            AutomationViewPage,
            query={
                "cursor": cursor,
                "size": size,
                "object": object,
                "active": active,
                "name": name,
                "webhook": webhook,
                "sort": sort,
            },
        )

    def validate_document(self, body: Json | str, *, idempotency_key: str | None = None) -> ValidationView:
        """Ask what a save would say of a document.

        As under the name that the document gives itself. Nothing is changed.
        """
        return self._call("POST", "/automations/validate", ValidationView, body=body, idempotency_key=idempotency_key)

    def remove_automation(
        self, api_name: str, *, cancel_open: bool | None = None, why: str | None = None, if_match: str | None = None
    ) -> DeletedAutomationView:
        """Delete an automation.

        It listens no more, and another automation may take its name. Its executions can still be read by their ids.
        """
        return self._call(
            "DELETE",
            f"/automations/{segment(api_name)}",
            DeletedAutomationView,
            query={"cancel_open": cancel_open, "why": why},
            headers={"if-match": if_match},
        )

    def get_automation(self, api_name: str) -> AutomationView:
        """Read an automation."""
        return self._call("GET", f"/automations/{segment(api_name)}", AutomationView)

    def put_automation(
        self,
        api_name: str,
        body: Json | str,
        *,
        last_revision: int | None = None,
        pause_affected: bool | None = None,
        by: str | None = None,
        why: str | None = None,
        if_match: str | None = None,
    ) -> AutomationView:
        """Save an automation.

        Creates it or replaces the whole document. All mistakes are answered at once.

        If-Match or last_revision guard against a lost update. With pause_affected no execution that the save affects begins
        another step: each is asked to pause in the moment in which the document changes.
        """
        return self._call(
            "PUT",
            f"/automations/{segment(api_name)}",
            AutomationView,
            query={"last_revision": last_revision, "pause_affected": pause_affected, "by": by, "why": why},
            headers={"if-match": if_match},
            body=body,
        )

    def activate_automation(self, api_name: str, *, idempotency_key: str | None = None) -> AutomationView:
        """Begin to listen.

        Its triggers listen from now on; nothing that happened before is handled.
        """
        return self._call("POST", f"/automations/{segment(api_name)}/activate", AutomationView, idempotency_key=idempotency_key)

    def get_bulk_starts(self, api_name: str, *, cursor: str | None = None, size: int | None = None) -> BulkStartViewPage:
        """List its bulk starts.

        Newest first.
        """
        return self._call(
            "GET", f"/automations/{segment(api_name)}/bulk-starts", BulkStartViewPage, query={"cursor": cursor, "size": size}
        )

    def start_in_bulk(self, api_name: str, body: BulkStartBody | Json, *, idempotency_key: str | None = None) -> BulkStartView:
        """Start it on many records.

        Only written down here. The records of a filter are those that fit it while it is `collecting`.

        Paced, in place of the limit on starts in a minute. A record that cannot be started stands in no other's way.
        """
        return self._call(
            "POST", f"/automations/{segment(api_name)}/bulk-starts", BulkStartView, body=body, idempotency_key=idempotency_key
        )

    def deactivate_automation(self, api_name: str, *, idempotency_key: str | None = None) -> AutomationView:
        """Stop listening.

        Its triggers stop at once; open executions go on.
        """
        return self._call("POST", f"/automations/{segment(api_name)}/deactivate", AutomationView, idempotency_key=idempotency_key)

    def run_dry(self, api_name: str, body: DryRunBody | Json, *, idempotency_key: str | None = None) -> DryRunView:
        """Ask what it would do.

        Runs its steps on the record as it is now, and takes all of it back: nothing is changed, sent, called or started.

        Waits are jumped over. Needs records:view of its object too, and automations:edit to try another document.
        """
        return self._call(
            "POST", f"/automations/{segment(api_name)}/dry-run", DryRunView, body=body, idempotency_key=idempotency_key
        )

    def duplicate_automation(
        self, api_name: str, body: DuplicateBody | Json, *, idempotency_key: str | None = None
    ) -> AutomationView:
        """Duplicate an automation.

        The same document under another name, not active. Secrets of webhooks are not copied.
        """
        return self._call(
            "POST", f"/automations/{segment(api_name)}/duplicate", AutomationView, body=body, idempotency_key=idempotency_key
        )

    def get_evaluations(
        self,
        api_name: str,
        *,
        outcome: Literal["started", "not_started", "waiting"] | None = None,
        reason: Literal[
            "skipped",
            "inactive",
            "before_activation",
            "no_record",
            "filtered",
            "killed",
            "loop",
            "throttled",
            "duplicate",
            "error",
            "unreadable",
        ]
        | None = None,
        record_id: UUID | str | None = None,
        cursor: str | None = None,
        size: int | None = None,
    ) -> EvaluatedViewPage:
        """List what its triggers made of events.

        Newest first, also of triggers that a save has deleted since.
        """
        return self._call(
            "GET",
            f"/automations/{segment(api_name)}/evaluations",
            EvaluatedViewPage,
            query={"outcome": outcome, "reason": reason, "record_id": record_id, "cursor": cursor, "size": size},
        )

    def list_executions_of_automation(
        self,
        api_name: str,
        *,
        sort: Literal["-created_at", "created_at", "-updated_at", "updated_at"] | None = None,
        automation: str | None = None,
        object: str | None = None,
        record_id: UUID | str | None = None,
        state: list[Literal["active", "paused", "retrying", "completed", "canceled", "failed"]] | None = None,
        pause_reason: Literal["delay", "goal", "error", "condition_error", "manual", "automation", "kill_switch"] | None = None,
        cancel_reason: Literal["person", "step", "record_archived", "kill_switch", "temporal"] | None = None,
        step_id: str | None = None,
        trigger_type: str | None = None,
        priority: Literal["regular", "low"] | None = None,
        parent_id: UUID | str | None = None,
        root_id: UUID | str | None = None,
        restarted_from: UUID | str | None = None,
        bulk_start_id: UUID | str | None = None,
        created_after: datetime | str | None = None,
        created_before: datetime | str | None = None,
        updated_after: datetime | str | None = None,
        updated_before: datetime | str | None = None,
        finished_after: datetime | str | None = None,
        finished_before: datetime | str | None = None,
        open: bool | None = None,
        failed_steps: bool | None = None,
        cursor: str | None = None,
        size: int | None = None,
    ) -> ExecutionViewPage:
        """List its executions.

        As the list of all executions with that automation.
        """
        return self._call(
            "GET",
            f"/automations/{segment(api_name)}/executions",
            ExecutionViewPage,
            query={
                "sort": sort,
                "automation": automation,
                "object": object,
                "record_id": record_id,
                "state": state,
                "pause_reason": pause_reason,
                "cancel_reason": cancel_reason,
                "step_id": step_id,
                "trigger_type": trigger_type,
                "priority": priority,
                "parent_id": parent_id,
                "root_id": root_id,
                "restarted_from": restarted_from,
                "bulk_start_id": bulk_start_id,
                "created_after": created_after,
                "created_before": created_before,
                "updated_after": updated_after,
                "updated_before": updated_before,
                "finished_after": finished_after,
                "finished_before": finished_before,
                "open": open,
                "failed_steps": failed_steps,
                "cursor": cursor,
                "size": size,
            },
        )

    def start_execution(
        self, api_name: str, body: StartBody | Json, *, wait: float | None = None, idempotency_key: str | None = None
    ) -> StartedView:
        """Start an execution.

        On a record, or globally. It is only queued here: nothing of the automation runs inside this request.

        With `wait` the answer tells of it when it is over or rests: paused for whatever reason, or retrying.
        """
        return self._call(
            "POST",
            f"/automations/{segment(api_name)}/executions",
            StartedView,
            query={"wait": wait},
            body=body,
            idempotency_key=idempotency_key,
        )

    def export_automation(self, api_name: str, *, accept: str | None = None) -> str:
        """Export an automation as a file.

        The document as `PUT` takes it back: YAML, or JSON for those who accept that and no YAML.
        """
        return self._call("GET", f"/automations/{segment(api_name)}/export", str, headers={"accept": accept})

    def get_impact(
        self,
        api_name: str,
        body: Json | str,
        *,
        after: UUID | str | None = None,
        size: int | None = None,
        idempotency_key: str | None = None,
    ) -> ImpactView:
        """Ask what a save would affect.

        Takes the document that would be saved, and answers its mistakes as the save would. Nothing is saved.
        """
        return self._call(
            "POST",
            f"/automations/{segment(api_name)}/impact",
            ImpactView,
            query={"after": after, "size": size},
            body=body,
            idempotency_key=idempotency_key,
        )

    def get_due(
        self,
        api_name: str,
        trigger_id: str,
        *,
        record_id: UUID | str | None = None,
        cursor: str | None = None,
        size: int | None = None,
    ) -> DueViewPage:
        """List what a date trigger waits for.

        What is due next first. Nothing while the automation is not active.
        """
        return self._call(
            "GET",
            f"/automations/{segment(api_name)}/triggers/{segment(trigger_id)}/due",
            DueViewPage,
            query={"record_id": record_id, "cursor": cursor, "size": size},
        )

    def explain_trigger_of_automation(
        self,
        api_name: str,
        trigger_id: str,
        *,
        record: UUID | str | None = None,
        cursor: str | None = None,
        size: int | None = None,
    ) -> TriggerExplanationView:
        """Explain why it fired or did not.

        What it made of the last events, of a record or of all, and what stands in its way now.
        """
        return self._call(
            "GET",
            f"/automations/{segment(api_name)}/triggers/{segment(trigger_id)}/explain",
            TriggerExplanationView,
            query={"record": record, "cursor": cursor, "size": size},
        )

    def validate_automation(self, api_name: str, body: Json | str, *, idempotency_key: str | None = None) -> ValidationView:
        """Ask what a save would say.

        All mistakes and warnings of a save under this name. Nothing is changed.
        """
        return self._call(
            "POST", f"/automations/{segment(api_name)}/validate", ValidationView, body=body, idempotency_key=idempotency_key
        )

    def get_webhook_deliveries(
        self, api_name: str, name: str, *, cursor: str | None = None, size: int | None = None
    ) -> DeliveryViewPage:
        """List the deliveries of a webhook.

        Newest first; also of a webhook that is no longer in the document.
        """
        return self._call(
            "GET",
            f"/automations/{segment(api_name)}/webhooks/{segment(name)}/deliveries",
            DeliveryViewPage,
            query={"cursor": cursor, "size": size},
        )

    def get_webhook_secrets(self, api_name: str, name: str) -> list[SecretView]:
        """List the secrets.

        Those that calls may be signed with now, newest first: two at most.
        """
        return self._call("GET", f"/automations/{segment(api_name)}/webhooks/{segment(name)}/secrets", list[SecretView])

    def make_webhook_secret(
        self, api_name: str, name: str, body: NewSecret | Json | None = None, *, idempotency_key: str | None = None
    ) -> MadeSecretView:
        """Make a secret.

        The one before it retires after the grace time; of more than two the oldest retires at once.
        """
        return self._call(
            "POST",
            f"/automations/{segment(api_name)}/webhooks/{segment(name)}/secrets",
            MadeSecretView,
            body=body,
            idempotency_key=idempotency_key,
        )

    def delete_webhook_secret(self, api_name: str, name: str, secret_id: UUID | str) -> None:
        """Retire a secret at once."""
        return self._call(
            "DELETE", f"/automations/{segment(api_name)}/webhooks/{segment(name)}/secrets/{segment(secret_id)}", None
        )

    def get_bulk_requests(self, *, cursor: str | None = None, size: int | None = None) -> BulkRequestProgressPage:
        """List bulk requests.

        Newest first; to a key that does not reach everything, its own.
        """
        return self._call("GET", "/bulk-requests", BulkRequestProgressPage, query={"cursor": cursor, "size": size})

    def get_bulk_request(self, bulk_request_id: UUID | str) -> BulkRequestProgress:
        """Read how far it is."""
        return self._call("GET", f"/bulk-requests/{segment(bulk_request_id)}", BulkRequestProgress)

    def cancel_bulk_request(
        self, bulk_request_id: UUID | str, body: CancelBody | Json | None = None, *, idempotency_key: str | None = None
    ) -> BulkRequestProgress:
        """Cancel it.

        The executions that are left are not asked; what was asked stays asked.
        """
        return self._call(
            "POST",
            f"/bulk-requests/{segment(bulk_request_id)}/cancel",
            BulkRequestProgress,
            body=body,
            idempotency_key=idempotency_key,
        )

    def get_bulk_request_items(
        self,
        bulk_request_id: UUID | str,
        *,
        outcome: Literal["asked", "refused", "not_found"] | None = None,
        cursor: str | None = None,
        size: int | None = None,
    ) -> BulkRequestItemPage:
        """Read what became of each.

        In the order in which they were named or found; `outcome` is null until its turn.
        """
        return self._call(
            "GET",
            f"/bulk-requests/{segment(bulk_request_id)}/items",
            BulkRequestItemPage,
            query={"outcome": outcome, "cursor": cursor, "size": size},
        )

    def stream_bulk_request(self, bulk_request_id: UUID | str) -> Iterator[ServerSentEvent]:
        """Listen to how far it is.

        A server-sent event now and on each change; ends after the last one. A comment every few seconds shows that it lives.
        """
        return self._stream("GET", f"/bulk-requests/{segment(bulk_request_id)}/stream")

    def get_bulk_start(self, bulk_start_id: UUID | str) -> BulkStartView:
        """Read how far it is."""
        return self._call("GET", f"/bulk-starts/{segment(bulk_start_id)}", BulkStartView)

    def cancel_bulk_start(
        self, bulk_start_id: UUID | str, body: CancelBody | Json | None = None, *, idempotency_key: str | None = None
    ) -> BulkStartView:
        """Cancel it.

        The records that are left are not started; what was started or resumed goes on.
        """
        return self._call(
            "POST", f"/bulk-starts/{segment(bulk_start_id)}/cancel", BulkStartView, body=body, idempotency_key=idempotency_key
        )

    def get_bulk_start_records(
        self,
        bulk_start_id: UUID | str,
        *,
        outcome: Literal["started", "resumed", "skipped", "failed"] | None = None,
        cursor: str | None = None,
        size: int | None = None,
    ) -> BulkStartRecordViewPage:
        """Read what became of its records.

        In the order of their turns; `outcome` is null until then.
        """
        return self._call(
            "GET",
            f"/bulk-starts/{segment(bulk_start_id)}/records",
            BulkStartRecordViewPage,
            query={"outcome": outcome, "cursor": cursor, "size": size},
        )

    def stream_bulk_start(self, bulk_start_id: UUID | str) -> Iterator[ServerSentEvent]:
        """Listen to how far it is.

        A server-sent event now and on each change; ends after the last one. A comment every few seconds shows that it lives.

        The stream breaks off once the API key is not let in any more.
        """
        return self._stream("GET", f"/bulk-starts/{segment(bulk_start_id)}/stream")

    def get_business(self) -> Business:
        """Read the business."""
        return self._call("GET", "/business", Business)

    def save_business(self, body: Business | Json) -> Business:
        """Change the business.

        What is left out of the calendar is as in one that was never changed: Monday to Friday, and no holidays.
        """
        return self._call("PUT", "/business", Business, body=body)

    def decode_payloads(self, *, idempotency_key: str | None = None) -> Any:
        """Decrypt payloads of Temporal.

        As the Temporal Web UI asks for them. One that is not encrypted is answered as it is.
        """
        return self._call("POST", "/codec/decode", Any, idempotency_key=idempotency_key)

    def encode_payloads(self, *, idempotency_key: str | None = None) -> Any:
        """Encrypt payloads for Temporal.

        For signals that are sent from the Temporal Web UI.
        """
        return self._call("POST", "/codec/encode", Any, idempotency_key=idempotency_key)

    def get_employees(self, *, cursor: str | None = None, size: int | None = None) -> EmployeeViewPage:
        """List the employees."""
        return self._call("GET", "/employees", EmployeeViewPage, query={"cursor": cursor, "size": size})

    def save_employee(self, email: str, body: EmployeeBody | Json) -> EmployeeView:
        """Create or replace the employee of an address."""
        return self._call("PUT", f"/employees/{segment(email)}", EmployeeView, body=body)

    def get_events(
        self, *, record_id: UUID | str | None = None, kind: str | None = None, cursor: str | None = None, size: int | None = None
    ) -> EventViewPage:
        """List events.

        Newest first, of a record or a kind or all, with what became of each.
        """
        return self._call(
            "GET", "/events", EventViewPage, query={"record_id": record_id, "kind": kind, "cursor": cursor, "size": size}
        )

    def tell_events(self, body: Json, *, idempotency_key: str | None = None) -> ToldView:
        """Tell what happened elsewhere.

        One event, or `{"events": […]}`: all of them are kept or none, and every mistake is named.

        An event whose `id` its sender told before is not told again: 409 where it says something else now. Ids are those of an
        API key, through all its rotations, and of a kind. An Idempotency-Key stands in for the ids of events that have none.
        After a mail that bounced, or by which somebody unsubscribed, its address gets no more: that by which the record is named,
        else the only one that the record has.
        """
        return self._call("POST", "/events", ToldView, body=body, idempotency_key=idempotency_key)

    def get_event(self, event_id: UUID | str) -> EventView:
        """Read an event."""
        return self._call("GET", f"/events/{segment(event_id)}", EventView)

    def list_executions(
        self,
        *,
        sort: Literal["-created_at", "created_at", "-updated_at", "updated_at"] | None = None,
        automation: str | None = None,
        object: str | None = None,
        record_id: UUID | str | None = None,
        state: list[Literal["active", "paused", "retrying", "completed", "canceled", "failed"]] | None = None,
        pause_reason: Literal["delay", "goal", "error", "condition_error", "manual", "automation", "kill_switch"] | None = None,
        cancel_reason: Literal["person", "step", "record_archived", "kill_switch", "temporal"] | None = None,
        step_id: str | None = None,
        trigger_type: str | None = None,
        priority: Literal["regular", "low"] | None = None,
        parent_id: UUID | str | None = None,
        root_id: UUID | str | None = None,
        restarted_from: UUID | str | None = None,
        bulk_start_id: UUID | str | None = None,
        created_after: datetime | str | None = None,
        created_before: datetime | str | None = None,
        updated_after: datetime | str | None = None,
        updated_before: datetime | str | None = None,
        finished_after: datetime | str | None = None,
        finished_before: datetime | str | None = None,
        open: bool | None = None,
        failed_steps: bool | None = None,
        cursor: str | None = None,
        size: int | None = None,
    ) -> ExecutionViewPage:
        """List executions.

        Those that fit all that is said; of `state` several may be said.
        """
        return self._call(
            "GET",
            "/executions",
            ExecutionViewPage,
            query={
                "sort": sort,
                "automation": automation,
                "object": object,
                "record_id": record_id,
                "state": state,
                "pause_reason": pause_reason,
                "cancel_reason": cancel_reason,
                "step_id": step_id,
                "trigger_type": trigger_type,
                "priority": priority,
                "parent_id": parent_id,
                "root_id": root_id,
                "restarted_from": restarted_from,
                "bulk_start_id": bulk_start_id,
                "created_after": created_after,
                "created_before": created_before,
                "updated_after": updated_after,
                "updated_before": updated_before,
                "finished_after": finished_after,
                "finished_before": finished_before,
                "open": open,
                "failed_steps": failed_steps,
                "cursor": cursor,
                "size": size,
            },
        )

    def request_in_bulk(
        self,
        kind: Literal["pause", "resume", "cancel", "skip", "retry"],
        body: BulkRequestBody | Json,
        *,
        wait: float | None = None,
        idempotency_key: str | None = None,
    ) -> BulkRequestView:
        """Ask the same of many.

        Only written down here. Which executions is settled now; each has its turn soon, and what came of it stays to be read.

        Who waits is answered 200 with the first thousand `items`. One that cannot be asked stands in no other's way.
        """
        return self._call(
            "POST",
            f"/executions/bulk/{segment(kind)}",
            BulkRequestView,
            query={"wait": wait},
            body=body,
            idempotency_key=idempotency_key,
        )

    def count_executions(
        self,
        *,
        automation: str | None = None,
        object: str | None = None,
        record_id: UUID | str | None = None,
        state: list[Literal["active", "paused", "retrying", "completed", "canceled", "failed"]] | None = None,
        pause_reason: Literal["delay", "goal", "error", "condition_error", "manual", "automation", "kill_switch"] | None = None,
        cancel_reason: Literal["person", "step", "record_archived", "kill_switch", "temporal"] | None = None,
        step_id: str | None = None,
        trigger_type: str | None = None,
        priority: Literal["regular", "low"] | None = None,
        parent_id: UUID | str | None = None,
        root_id: UUID | str | None = None,
        restarted_from: UUID | str | None = None,
        bulk_start_id: UUID | str | None = None,
        created_after: datetime | str | None = None,
        created_before: datetime | str | None = None,
        updated_after: datetime | str | None = None,
        updated_before: datetime | str | None = None,
        finished_after: datetime | str | None = None,
        finished_before: datetime | str | None = None,
        open: bool | None = None,
        failed_steps: bool | None = None,
    ) -> CountView:
        """Count executions.

        Exactly, up to 10,000.
        """
        return self._call(
            "GET",
            "/executions/count",
            CountView,
            query={
                "automation": automation,
                "object": object,
                "record_id": record_id,
                "state": state,
                "pause_reason": pause_reason,
                "cancel_reason": cancel_reason,
                "step_id": step_id,
                "trigger_type": trigger_type,
                "priority": priority,
                "parent_id": parent_id,
                "root_id": root_id,
                "restarted_from": restarted_from,
                "bulk_start_id": bulk_start_id,
                "created_after": created_after,
                "created_before": created_before,
                "updated_after": updated_after,
                "updated_before": updated_before,
                "finished_after": finished_after,
                "finished_before": finished_before,
                "open": open,
                "failed_steps": failed_steps,
            },
        )

    def get_execution(self, execution_id: UUID | str) -> ExecutionView:
        """Read an execution."""
        return self._call("GET", f"/executions/{segment(execution_id)}", ExecutionView)

    def cancel_execution(
        self,
        execution_id: UUID | str,
        body: RequestBody | Json | None = None,
        *,
        wait: float | None = None,
        idempotency_key: str | None = None,
    ) -> ExecutionView:
        """Cancel it.

        In every open state, also during a long-running step. Effects of steps before stay.

        With `wait` the answer comes when it is over.
        """
        return self._call(
            "POST",
            f"/executions/{segment(execution_id)}/cancel",
            ExecutionView,
            query={"wait": wait},
            body=body,
            idempotency_key=idempotency_key,
        )

    def explain_execution(self, execution_id: UUID | str) -> ExplanationView:
        """Explain where it is, and why.

        What it waits for and until when, what failed, who paused it or ended it and why, and what can be done.
        """
        return self._call("GET", f"/executions/{segment(execution_id)}/explain", ExplanationView)

    def get_execution_history(
        self, execution_id: UUID | str, *, after: int | None = None, size: int | None = None
    ) -> HistoryView:
        """Read its history.

        Each step run as it ran, with the values that it used.

        A page ends before `size` where its step runs come to a megabyte; the next one begins at `next_after`.
        """
        return self._call(
            "GET", f"/executions/{segment(execution_id)}/history", HistoryView, query={"after": after, "size": size}
        )

    def pause_execution(
        self,
        execution_id: UUID | str,
        body: RequestBody | Json | None = None,
        *,
        wait: float | None = None,
        idempotency_key: str | None = None,
    ) -> ExecutionView:
        """Pause it.

        Takes effect at the next step's border: the running step finishes. A delay's due time keeps counting.

        With `wait` the answer comes when it is paused.
        """
        return self._call(
            "POST",
            f"/executions/{segment(execution_id)}/pause",
            ExecutionView,
            query={"wait": wait},
            body=body,
            idempotency_key=idempotency_key,
        )

    def restart_execution(
        self, execution_id: UUID | str, body: RestartBody | Json, *, wait: float | None = None, idempotency_key: str | None = None
    ) -> ExecutionView:
        """Restart from an earlier step.

        A new execution runs on from that step, with the newest document and the variables as they were at the end.

        Also of an automation that is not active: it is a person who decides. A step of a lane goes on in the main lane.
        """
        return self._call(
            "POST",
            f"/executions/{segment(execution_id)}/restart",
            ExecutionView,
            query={"wait": wait},
            body=body,
            idempotency_key=idempotency_key,
        )

    def resume_execution(
        self,
        execution_id: UUID | str,
        body: RequestBody | Json | None = None,
        *,
        wait: float | None = None,
        idempotency_key: str | None = None,
    ) -> ExecutionView:
        """Resume it.

        Ends a manual pause; on a failed step runs it again with the newest configuration.

        With `wait` the answer comes when it has gone on.
        """
        return self._call(
            "POST",
            f"/executions/{segment(execution_id)}/resume",
            ExecutionView,
            query={"wait": wait},
            body=body,
            idempotency_key=idempotency_key,
        )

    def retry_execution(
        self,
        execution_id: UUID | str,
        body: RequestBody | Json | None = None,
        *,
        wait: float | None = None,
        idempotency_key: str | None = None,
    ) -> ExecutionView:
        """Retry now.

        Makes a retrying step run now.

        With `wait` the answer comes when its next attempt has begun.
        """
        return self._call(
            "POST",
            f"/executions/{segment(execution_id)}/retry",
            ExecutionView,
            query={"wait": wait},
            body=body,
            idempotency_key=idempotency_key,
        )

    def skip_execution_step(
        self,
        execution_id: UUID | str,
        body: RequestBody | Json | None = None,
        *,
        wait: float | None = None,
        idempotency_key: str | None = None,
    ) -> ExecutionView:
        """Skip its step.

        Passes over the failed or waiting step; over an undecided condition or a goal down `path`.

        With `wait` the answer comes when it has gone on.
        """
        return self._call(
            "POST",
            f"/executions/{segment(execution_id)}/skip",
            ExecutionView,
            query={"wait": wait},
            body=body,
            idempotency_key=idempotency_key,
        )

    def stream_execution(self, execution_id: UUID | str, *, last_event_id: str | None = None) -> Iterator[ServerSentEvent]:
        """Listen to it.

        Events `step_run` and `execution`, first as they are and then on each change, and `end` once it is over and all is told.

        Who comes back with `Last-Event-ID` is told what has changed since, in order. The stream breaks off once the API key is
        not let in any more.
        """
        return self._stream("GET", f"/executions/{segment(execution_id)}/stream", headers={"last-event-id": last_event_id})

    def get_execution_variables(self, execution_id: UUID | str) -> list[VariableView]:
        """Read its variables.

        In the order they are set; null where a variable is blank or not set yet.
        """
        return self._call("GET", f"/executions/{segment(execution_id)}/variables", list[VariableView])

    def upload_file(self, body: bytes, *, name: str | None = None, idempotency_key: str | None = None) -> FileView:
        """Keep a file.

        The body is the file, or the part `file` of a form. Its id is what a files field of a record takes.
        """
        return self._call("POST", "/files", FileView, query={"name": name}, body=body, idempotency_key=idempotency_key)

    def delete_file(self, file_id: UUID | str) -> None:
        """Delete a file.

        Records that name it keep its id, which then leads to nothing.
        """
        return self._call("DELETE", f"/files/{segment(file_id)}", None)

    def get_file(self, file_id: UUID | str) -> FileView:
        """Read what is known of a file."""
        return self._call("GET", f"/files/{segment(file_id)}", FileView)

    def get_file_content(self, file_id: UUID | str) -> bytes:
        """Download a file.

        As it came, to be saved: browsers are told not to show it.
        """
        return self._call("GET", f"/files/{segment(file_id)}/content", bytes)

    def live(self) -> Health:
        """Say that the process runs."""
        return self._call("GET", "/health/live", Health)

    def ready(self) -> Readiness:
        """Say whether Postgres and Temporal can be reached."""
        return self._call("GET", "/health/ready", Readiness)

    def get_kill_switches(
        self, *, standing: bool | None = None, cursor: str | None = None, size: int | None = None
    ) -> SwitchViewPage:
        """List the kill switches.

        Newest first, with those that were lifted.
        """
        return self._call("GET", "/kill-switches", SwitchViewPage, query={"standing": standing, "cursor": cursor, "size": size})

    def put_kill_switch(self, body: SwitchBody | Json) -> SwitchView:
        """Set a kill switch.

        Stands at once; one that stands for the same already is replaced. A hold lets executions start, a cancel does not.

        One for more than an automation needs the scope admin.
        """
        return self._call("PUT", "/kill-switches", SwitchView, body=body)

    def lift_kill_switch(self, switch_id: UUID | str, body: LiftBody | Json, *, idempotency_key: str | None = None) -> SwitchView:
        """Lift a kill switch.

        What it held goes on by itself; what it canceled stays so.
        """
        return self._call(
            "POST", f"/kill-switches/{segment(switch_id)}/lift", SwitchView, body=body, idempotency_key=idempotency_key
        )

    def list_message_templates(
        self, *, channel: Literal["email", "text"] | None = None, cursor: str | None = None, size: int | None = None
    ) -> MessageTemplateViewPage:
        """List the message templates.

        By api_name, for whoever may view an automation that uses them.
        """
        return self._call(
            "GET", "/message-templates", MessageTemplateViewPage, query={"channel": channel, "cursor": cursor, "size": size}
        )

    def delete_message_template(self, template: str, *, if_match: str | None = None) -> None:
        """Delete a message template.

        Steps that send it fail from now on, as expected failures that name it.
        """
        return self._call("DELETE", f"/message-templates/{segment(template)}", None, headers={"if-match": if_match})

    def get_message_template(self, template: str) -> MessageTemplateView:
        """Read a message template."""
        return self._call("GET", f"/message-templates/{segment(template)}", MessageTemplateView)

    def save_message_template(
        self, template: str, body: MessageTemplateBody | Json, *, if_match: str | None = None
    ) -> MessageTemplateView:
        """Save a message template.

        Creates it or replaces it whole; steps that run from now on send it as it is then. All mistakes are answered at once.
        """
        return self._call(
            "PUT", f"/message-templates/{segment(template)}", MessageTemplateView, headers={"if-match": if_match}, body=body
        )

    def list_messages(
        self,
        *,
        record_id: UUID | str | None = None,
        execution_id: UUID | str | None = None,
        channel: Literal["email", "text"] | None = None,
        state: Literal["queued", "sent", "failed"] | None = None,
        cursor: str | None = None,
        size: int | None = None,
    ) -> MessageViewPage:
        """List messages.

        Newest first, without their texts.
        """
        return self._call(
            "GET",
            "/messages",
            MessageViewPage,
            query={
                "record_id": record_id,
                "execution_id": execution_id,
                "channel": channel,
                "state": state,
                "cursor": cursor,
                "size": size,
            },
        )

    def get_message(self, message_id: UUID | str) -> WholeMessageView:
        """Read a message."""
        return self._call("GET", f"/messages/{segment(message_id)}", WholeMessageView)

    def get_metrics(self) -> str:
        """Read the metrics.

        Any key will do. Requests are those of this process; all else is of the whole deployment, and up to 15 seconds old.
        """
        return self._call("GET", "/metrics", str)

    def get_missing_workflows(self, *, cursor: str | None = None, size: int | None = None) -> MissingWorkflowViewPage:
        """List executions without a workflow.

        A few are ended within minutes; more of them wait for a recovery.
        """
        return self._call("GET", "/missing-workflows", MissingWorkflowViewPage, query={"cursor": cursor, "size": size})

    def get_objects(self, *, cursor: str | None = None, size: int | None = None) -> ObjectViewPage:
        """List the objects."""
        return self._call("GET", "/objects", ObjectViewPage, query={"cursor": cursor, "size": size})

    def get_object(self, api_name: str) -> ObjectView:
        """Read an object."""
        return self._call("GET", f"/objects/{segment(api_name)}", ObjectView)

    def save_object(self, api_name: str, body: ObjectBody | Json, *, if_match: str | None = None) -> ObjectView:
        """Create an object, or replace its definition.

        Refused where a field would get another type while records hold values for it.
        """
        return self._call("PUT", f"/objects/{segment(api_name)}", ObjectView, headers={"if-match": if_match}, body=body)

    def get_records(
        self,
        api_name: str,
        *,
        archived: bool | None = None,
        sort: str | None = None,
        cursor: str | None = None,
        size: int | None = None,
        name: str | None = None,
        owner: str | None = None,
        stage: str | None = None,
        created_after: datetime | str | None = None,
        created_before: datetime | str | None = None,
        updated_after: datetime | str | None = None,
        updated_before: datetime | str | None = None,
    ) -> RecordViewPage:
        """List the records of an object.

        The oldest first, unless sorted otherwise.
        """
        return self._call(
            "GET",
            f"/objects/{segment(api_name)}/records",
            RecordViewPage,
            query={
                "archived": archived,
                "sort": sort,
                "cursor": cursor,
                "size": size,
                "name": name,
                "owner": owner,
                "stage": stage,
                "created_after": created_after,
                "created_before": created_before,
                "updated_after": updated_after,
                "updated_before": updated_before,
            },
        )

    def create_record(
        self,
        api_name: str,
        body: NewRecord | Json,
        *,
        priority: Literal["regular", "low"] | None = None,
        idempotency_key: str | None = None,
    ) -> RecordView:
        """Create a record."""
        return self._call(
            "POST",
            f"/objects/{segment(api_name)}/records",
            RecordView,
            query={"priority": priority},
            body=body,
            idempotency_key=idempotency_key,
        )

    def search_for_records(self, api_name: str, body: SearchBody | Json, *, idempotency_key: str | None = None) -> RecordViewPage:
        """Search records by a filter.

        By any filter and in any order, a page at a time.
        """
        return self._call(
            "POST", f"/objects/{segment(api_name)}/records/search", RecordViewPage, body=body, idempotency_key=idempotency_key
        )

    def put_record(
        self,
        api_name: str,
        body: UpsertBody | Json,
        *,
        priority: Literal["regular", "low"] | None = None,
        idempotency_key: str | None = None,
    ) -> RecordView:
        """Create a record, or change the one that is there.

        201 for a new record, 200 for one that was there. However many call it at once, there is one record.
        """
        return self._call(
            "POST",
            f"/objects/{segment(api_name)}/records/upsert",
            RecordView,
            query={"priority": priority},
            body=body,
            idempotency_key=idempotency_key,
        )

    def remove_record(self, record_id: UUID | str, *, why: str | None = None, if_match: str | None = None) -> DeletedRecordView:
        """Delete a record for good.

        Its values, its events' and its crm activities' texts are wiped, and its open executions canceled.

        What the steps of its executions have used stays in their histories.
        """
        return self._call(
            "DELETE", f"/records/{segment(record_id)}", DeletedRecordView, query={"why": why}, headers={"if-match": if_match}
        )

    def get_record(self, record_id: UUID | str) -> RecordView:
        """Read a record."""
        return self._call("GET", f"/records/{segment(record_id)}", RecordView)

    def change_record(
        self,
        record_id: UUID | str,
        body: RecordChange | Json,
        *,
        priority: Literal["regular", "low"] | None = None,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> RecordView:
        """Change a record."""
        return self._call(
            "PATCH",
            f"/records/{segment(record_id)}",
            RecordView,
            query={"priority": priority},
            headers={"if-match": if_match},
            body=body,
            idempotency_key=idempotency_key,
        )

    def get_activities(
        self, record_id: UUID | str, *, open: bool | None = None, cursor: str | None = None, size: int | None = None
    ) -> ActivityViewPage:
        """List the crm activities of a record.

        Newest first.
        """
        return self._call(
            "GET",
            f"/records/{segment(record_id)}/activities",
            ActivityViewPage,
            query={"open": open, "cursor": cursor, "size": size},
        )

    def create_activity(
        self, record_id: UUID | str, body: NewActivity | Json, *, idempotency_key: str | None = None
    ) -> ActivityView:
        """Log or schedule a crm activity.

        A logged one is completed now; a scheduled one needs `due_at`.
        """
        return self._call(
            "POST", f"/records/{segment(record_id)}/activities", ActivityView, body=body, idempotency_key=idempotency_key
        )

    def archive_record(
        self, record_id: UUID | str, *, if_match: str | None = None, idempotency_key: str | None = None
    ) -> RecordView:
        """Archive a record.

        Its open executions are canceled, and stay so if it is unarchived.
        """
        return self._call(
            "POST",
            f"/records/{segment(record_id)}/archive",
            RecordView,
            headers={"if-match": if_match},
            idempotency_key=idempotency_key,
        )

    def unarchive_record(
        self, record_id: UUID | str, *, if_match: str | None = None, idempotency_key: str | None = None
    ) -> RecordView:
        """Unarchive a record."""
        return self._call(
            "POST",
            f"/records/{segment(record_id)}/unarchive",
            RecordView,
            headers={"if-match": if_match},
            idempotency_key=idempotency_key,
        )

    def get_recoveries(self, *, cursor: str | None = None, size: int | None = None) -> RecoveryViewPage:
        """List recoveries.

        Newest first.
        """
        return self._call("GET", "/recoveries", RecoveryViewPage, query={"cursor": cursor, "size": size})

    def begin_recovery(self, body: RecoveryBody | Json, *, idempotency_key: str | None = None) -> RecoveryView:
        """Recover from a Temporal that forgot.

        After Temporal was restored from a backup or set up anew. The workers do it, a page at a time.
        """
        return self._call("POST", "/recoveries", RecoveryView, body=body, idempotency_key=idempotency_key)

    def get_recovery(self, recovery_id: UUID | str) -> RecoveryView:
        """Read how far it is."""
        return self._call("GET", f"/recoveries/{segment(recovery_id)}", RecoveryView)

    def get_automation_schema(self) -> dict[str, Any]:
        """The JSON Schema of a document.

        For editors and for checks before a save.
        """
        return self._call("GET", "/schemas/automation", dict[str, Any])

    def list_secrets(self, *, cursor: str | None = None, size: int | None = None) -> StoredSecretViewPage:
        """List the secrets.

        By name, for whoever may edit an automation that uses them.
        """
        return self._call("GET", "/secrets", StoredSecretViewPage, query={"cursor": cursor, "size": size})

    def delete_secret(self, name: str, *, force: bool | None = None) -> None:
        """Delete a secret.

        409 while automations use it, unless forced: their steps fail then, as expected failures.
        """
        return self._call("DELETE", f"/secrets/{segment(name)}", None, query={"force": force})

    def put_secret(self, name: str, body: SecretValue | Json) -> StoredSecretView:
        """Set a secret.

        Steps that run from now on use this value. 409 where there is no encryption key.
        """
        return self._call("PUT", f"/secrets/{segment(name)}", StoredSecretView, body=body)

    def get_step_types(self) -> list[StepType]:
        """List the types of steps.

        What a document's `steps` may hold, with the JSON Schema of each.
        """
        return self._call("GET", "/step-types", list[StepType])

    def list_suppressions(
        self, *, channel: Literal["email", "text"] | None = None, cursor: str | None = None, size: int | None = None
    ) -> SuppressionViewPage:
        """List the addresses that get nothing any more.

        By channel and address.
        """
        return self._call("GET", "/suppressions", SuppressionViewPage, query={"channel": channel, "cursor": cursor, "size": size})

    def allow_address(self, channel: Literal["email", "text"], address: str) -> None:
        """Take an address off the list.

        Only where its owner wants it: whoever unsubscribed said so.
        """
        return self._call("DELETE", f"/suppressions/{segment(channel)}/{segment(address)}", None)

    def suppress_address(self, channel: Literal["email", "text"], address: str, body: SuppressionBody | Json) -> SuppressionView:
        """Send nothing to an address any more.

        One that is on the list already keeps the reason that it has.
        """
        return self._call("PUT", f"/suppressions/{segment(channel)}/{segment(address)}", SuppressionView, body=body)

    def get_texts(
        self, *, record_id: UUID | str | None = None, cursor: str | None = None, size: int | None = None
    ) -> IncomingTextViewPage:
        """List the texts that came in.

        Newest first, of a record or all.
        """
        return self._call("GET", "/texts", IncomingTextViewPage, query={"record_id": record_id, "cursor": cursor, "size": size})

    def take_text(self, body: Json, *, idempotency_key: str | None = None) -> str:
        """Take a text that came in at Twilio.

        Once, however often it is brought. It is an event `text_received` of the record that was last written to at the number,
        else of the contact that holds it. STOP puts the number on the suppression list, START takes it off.
        """
        return self._call("POST", "/texts/twilio/incoming", str, body=body, idempotency_key=idempotency_key)

    def take_status(self, body: Json, *, idempotency_key: str | None = None) -> None:
        """Hear what became of a text.

        Also of a text that is not ours: Twilio would only ask again.
        """
        return self._call("POST", "/texts/twilio/status", None, body=body, idempotency_key=idempotency_key)

    def get_trigger_types(self) -> list[TriggerType]:
        """List the types of triggers.

        What a document's `triggers` may hold, with the JSON Schema of each.
        """
        return self._call("GET", "/trigger-types", list[TriggerType])

    def get_webhook_delivery(self, delivery_id: UUID | str) -> WholeDeliveryView:
        """Read a delivery."""
        return self._call("GET", f"/webhook-deliveries/{segment(delivery_id)}", WholeDeliveryView)

    def replay_webhook_delivery(self, delivery_id: UUID | str, *, idempotency_key: str | None = None) -> WebhookView:
        """Replay a delivery.

        The same call as if it came now, by the newest document; answered as the webhook answers, and a delivery of its own.
        """
        return self._call(
            "POST", f"/webhook-deliveries/{segment(delivery_id)}/replay", WebhookView, idempotency_key=idempotency_key
        )
