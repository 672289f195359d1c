-- name: insert_event$
insert into events (
    id, kind, record_id, event_at, payload, root_id, depth, automation_id, trigger_id, idempotency_key, evaluated_at
) values (
    :id, :kind, :record_id, :event_at, :payload, :root_id, :depth, :automation_id, :trigger_id, :idempotency_key, :evaluated_at
)
on conflict (idempotency_key) where idempotency_key is not null do nothing
returning id;

-- name: read_event^
select * from events where id = :id;

-- name: insert_evaluations!
-- Once, also where an event is evaluated again because a crash left that untold.
insert into evaluations (
    id, event_id, automation_id, trigger_id, record_id, event_at, evaluated_at, outcome, reason, detail, execution_id
)
select * from unnest(
    :ids::uuid[], :event_id::uuid[], :automation_id::uuid[], :trigger_id::text[], :record_id::uuid[], :event_at::timestamptz[],
    :evaluated_at::timestamptz[], :outcome::text[], :reason::text[], :detail::text[], :execution_id::uuid[]
)
on conflict (event_id, automation_id, trigger_id) do nothing;

-- name: take_turn_with_events^
-- One process at a time, so that the events of a record are evaluated in their order. A process that freezes meanwhile loses its
-- turn with its transaction.
select pg_try_advisory_xact_lock(:turn) as is_ours, set_config('idle_in_transaction_session_timeout', '10s', true);

-- name: list_new_events
-- In the order they were written, which for one record is that of its changes.
select e.id, e.number, e.kind, e.record_id, e.event_at, e.reported_at, e.payload, e.root_id, e.depth, e.automation_id, e.trigger_id,
       (select object_id from records where id = e.record_id) as object_id
from events e
where e.evaluated_at is null
order by e.number
limit :size;

-- name: mark_evaluated!
update events set evaluated_at = :now where id = any(:ids::uuid[]);
