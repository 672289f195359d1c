-- name: list_open_to_look_at
-- A page of the open executions, and which of them should have moved by now.
select e.id, e.workflow_id, e.state, e.finished_at, e.request, false as is_known,
       e.workflow_started and e.updated_at < :before
       and (e.state = 'active' or e.request is not null or least(e.waiting_until, e.retry_at) < :before) as is_late
from (select * from executions where finished_at is null and id > :after order by id limit :size) e
order by e.id;

-- name: list_failing_workflows
-- Those that are known, whatever became of their executions.
select e.id, e.workflow_id, e.state, e.finished_at, e.request, true as is_known
from failing_workflows f join executions e on e.id = f.execution_id
order by f.found_at
limit :size;

-- name: read_failing_workflow^
select attempts, reason, found_at from failing_workflows where execution_id = :id;

-- name: mark_failing_workflow$
-- Whether nobody knew of it before.
insert into failing_workflows (execution_id, attempts, reason, found_at) values (:id, :attempts, :reason, :now)
on conflict (execution_id) do update set attempts = excluded.attempts, reason = excluded.reason
returning xmax = 0;

-- name: unmark_failing_workflow$
delete from failing_workflows where execution_id = :id returning true;
