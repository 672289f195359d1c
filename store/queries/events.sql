-- name: insert_event!
insert into events (id, kind, record_id, event_at, payload, root_id, depth)
values (:id, :kind, :record_id, :event_at, :payload, :root_id, :depth);

-- name: read_event^
select * from events where id = :id;

-- name: insert_evaluation!
insert into evaluations (id, event_id, automation_id, trigger_id, outcome, reason, execution_id, evaluated_at)
values (:id, :event_id, :automation_id, :trigger_id, :outcome, :reason, :execution_id, :evaluated_at);

-- name: take_turn_with_events^
-- One process at a time, so that the events of a record are evaluated in their order. A process that freezes meanwhile loses its
-- turn with its transaction.
select pg_try_advisory_xact_lock(:turn) as is_ours, set_config('idle_in_transaction_session_timeout', '10s', true);

-- name: list_new_events
-- In the order they were written, which for one record is that of its changes.
select id, number, kind, record_id, payload from events where evaluated_at is null order by number limit :size;

-- name: mark_evaluated!
update events set evaluated_at = :now where id = any(:ids::uuid[]);
