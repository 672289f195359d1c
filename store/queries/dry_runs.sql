-- name: begin_rehearsal^
-- Nobody is waited for, or kept waiting, for long; a process that freezes meanwhile loses its transaction.
select set_config('lock_timeout', :lock_ms::text || 'ms', true), set_config('statement_timeout', :whole_ms::text || 'ms', true),
       set_config('idle_in_transaction_session_timeout', :whole_ms::text || 'ms', true);

-- name: list_told_by_chain
-- What an execution has told since that event. Those that are not evaluated are few, and its own are among them.
select e.id, e.number, e.kind, e.record_id, e.event_at, e.payload, e.root_id, e.depth, e.priority, e.automation_id, e.trigger_id,
       r.object_id, r.name as record_name
from events e left join records r on r.id = e.record_id
where e.evaluated_at is null and e.number > :after and e.root_id = :root_id
order by e.number;

-- name: list_asked
-- What an execution asked of others by its own steps, after that request.
select q.number, q.request ->> 'kind' as kind, e.id, e.record_id, a.api_name, r.name as record_name
from requests_to_tell q
join executions e on e.id = q.execution_id
join automations a on a.id = e.automation_id
left join records r on r.id = e.record_id
where starts_with(q.id, (:id::uuid)::text || ':') and q.number > :after and e.id <> :id
order by q.number;

-- name: list_children
-- What an execution started by its own steps.
select e.id, e.record_id, a.api_name, r.name as record_name
from executions e
join automations a on a.id = e.automation_id
left join records r on r.id = e.record_id
where e.root_id = :root_id and e.parent_id = :id
order by e.id;

-- name: list_evaluations_of_events
-- What the triggers made of these events.
select v.event_id, v.trigger_id, v.outcome, v.reason, v.detail, a.api_name, o.api_name as object
from evaluations v
join automations a on a.id = v.automation_id
left join objects o on o.id = a.object_id
where v.event_id = any(:ids::uuid[])
order by v.event_id, a.api_name, v.trigger_id;

-- name: list_rehearsed_step_runs
-- All of them: a dry run has few.
select * from step_runs where execution_id = :id order by sequence;
