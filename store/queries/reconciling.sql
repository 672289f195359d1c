-- name: list_open
-- A page of the open executions, with what may forbid them to go on. `owes_since`: since when they should have moved.
select e.id, e.workflow_id, e.workflow_started, e.updated_at, e.state, e.record_id,
       exists (select from missing_workflows m where m.execution_id = e.id and m.ended_at is null) as is_missing,
       case when e.state = 'active' then e.updated_at
            when e.state = 'retrying' then e.retry_at
            when e.pause_reason = 'delay' then e.waiting_until
            when e.pause_reason = 'goal' then
                (select min(g.met_at) from goal_waits g where g.execution_id = e.id and g.signal_at is null)
       end as owes_since,
       (select r.archived_at from records r where r.id = e.record_id),
       e.automation_id, (select a.deleted_at from automations a where a.id = e.automation_id)
from executions e
where e.finished_at is null and e.id > :after
order by e.id
limit :size;

-- name: list_open_by_id
-- To look at some of them once more.
select id, workflow_id from executions where id = any(:ids::uuid[]) and finished_at is null;

-- name: list_open_among
-- Of workflows that are over, those whose rows do not say so.
select id, workflow_id from executions where workflow_id = any(:workflow_ids::text[]) and finished_at is null and workflow_started;

-- name: list_finished
-- In the order they finished; several may have done so at the same moment.
select id, workflow_id, state, finished_at, true as workflow_started
from executions
where finished_at is not null and finished_at >= :after and (finished_at, id) > (:after, :after_id) and finished_at < :before
order by finished_at, id
limit :size;

-- name: list_requested
-- Requests that stand longer than their signal takes, but for those that were handed over again lately, or are yet to be told.
select id, workflow_id, request, workflow_started
from executions e
where request is not null and finished_at is null and workflow_started
  and coalesce(requested_at, updated_at) < now() - :standing::interval
  and not request ->> 'id' = any(:known::text[])
  and not exists (select from requests_to_tell t where t.execution_id = e.id)
order by requested_at
limit :size;

-- name: list_being_canceled
-- The open executions of some records on which a cancel stands, with all it takes to hand it over.
select id, workflow_id, request, workflow_started, start_request, priority
from executions
where record_id = any(:record_ids::uuid[]) and finished_at is null and request ->> 'kind' = 'cancel';
