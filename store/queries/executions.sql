-- name: insert_execution!
-- The row comes first: its workflow is started under an id made from it.
insert into executions (
    id, workflow_id, automation_id, record_id, priority, state, step_id, revision, overrides, trigger, event_id,
    parent_id, root_id, depth, start_request, created_at, updated_at
) values (
    :id, :workflow_id, :automation_id, :record_id, :priority, 'active', :step_id, :revision, :overrides, :trigger, :event_id,
    :parent_id, :root_id, :depth, :start_request, :now, :now
);

-- name: read_execution^
-- One execution as people see it.
select e.*, a.api_name, r.name as record_name, o.api_name as object
from executions e
join automations a on a.id = e.automation_id
left join records r on r.id = e.record_id
left join objects o on o.id = r.object_id
where e.id = :id;

-- name: list_executions
-- Newest first, a page at a time: the cursor is the last id of the page before.
select e.*, a.api_name, r.name as record_name, o.api_name as object
from executions e
join automations a on a.id = e.automation_id
left join records r on r.id = e.record_id
left join objects o on o.id = r.object_id
where (:automation_id::uuid is null or e.automation_id = :automation_id)
  and (:record_id::uuid is null or e.record_id = :record_id)
  and (:state::text is null or e.state = :state)
  and (:cursor::uuid is null or e.id < :cursor)
order by e.id desc
limit :size;

-- name: lock_execution^
-- Before a request: what may be asked depends on the state, and the row must not change in between.
select id, workflow_id, state, pause_reason, request, workflow_started, start_request, priority, finished_at
from executions where id = :id for update;

-- name: write_request!
-- A busy chain of local activities sees the request here before its signal arrives.
update executions set request = :request, version = version + 1 where id = :id;

-- name: set_state$
-- The workflow's own change of state; takes off the request that it answers.
update executions
set state = :state, pause_reason = :pause_reason, waiting_until = :waiting_until, retry_at = :retry_at, reason = :reason,
    request = case when request ->> 'id' = :request_id then null else request end,
    workflow_started = true, version = version + 1, updated_at = :now
where id = :id and finished_at is null
returning true;

-- name: end_execution^
-- Ends an execution unless its last step did so first; answers how it ended.
with ended as (
    update executions
    set state = :state, reason = :reason, warning = coalesce(:warning, warning), pause_reason = null, waiting_until = null, retry_at = null, request = null,
        workflow_started = true, version = version + 1, updated_at = :now, finished_at = :now
    where id = :id and finished_at is null
    returning id, state, reason
), stopped as (
    update step_runs s
    set status = 'canceled', finished_at = :now
    from ended
    where s.execution_id = ended.id and s.status in ('running', 'waiting', 'retrying')
)
select state, reason from ended
union all
select state, reason from executions where id = :id and finished_at is not null and not exists (select from ended);

-- name: list_not_started
-- Starts that a crash cut short, or that Temporal could not take at the time.
select id, workflow_id, priority, start_request
from executions
where not workflow_started and created_at < :before and finished_at is null
order by created_at
limit :size;

-- name: mark_started!
update executions set workflow_started = true where id = :id;
