-- name: insert_event!
insert into events (id, kind, record_id, event_at, payload, root_id, depth)
values (:id, :kind, :record_id, :event_at, :payload, :root_id, :depth);

-- name: read_event^
select * from events where id = :id;

-- name: insert_evaluation!
insert into evaluations (id, event_id, automation_id, trigger_id, outcome, reason, execution_id, evaluated_at)
values (:id, :event_id, :automation_id, :trigger_id, :outcome, :reason, :execution_id, :evaluated_at);
