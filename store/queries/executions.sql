-- name: insert_execution!
-- The row comes first: its workflow is started under an id made from it.
insert into executions (
    id, workflow_id, automation_id, record_id, priority, state, step_id, revision, variables, overrides, trigger,
    event_id, parent_id, root_id, depth, restarted_from, start_request, created_at, updated_at, launch_at
) values (
    :id, :workflow_id, :automation_id, :record_id, :priority, 'active', :step_id, :revision, :variables, :overrides, :trigger,
    :event_id, :parent_id, :root_id, :depth, :restarted_from, :start_request, :now, :now,
    now() + :launch_in::interval
);

-- name: read_execution^
-- One execution as people see it.
select e.*, a.api_name, a.deleted_at is not null as automation_deleted, r.name as record_name, o.api_name as object,
       array(select n.id from executions n where n.restarted_from = e.id order by n.id) as restarted_as
from executions e
join automations a on a.id = e.automation_id
left join records r on r.id = e.record_id
left join objects o on o.id = r.object_id
where e.id = :id;

-- name: list_automations_meant
-- What a list of executions is narrowed to, see store/execution_lists.py; an object's automations are there after they were deleted.
select a.id
from automations a
left join objects o on o.id = a.object_id
where (:automation::text is null or (a.api_name = :automation and a.deleted_at is null))
  and (:object::text is null or o.api_name = :object)
  and (:reached::uuid[] is null or a.id = any(:reached));

-- name: list_automations_of_executions
-- What a caller may ask of executions depends on whose they are.
select e.id, e.automation_id, a.api_name from executions e join automations a on a.id = e.automation_id where e.id = any(:ids::uuid[]);

-- name: look_at_execution^
-- As little as says where it is: those who wait ask for it again and again.
select state, pause_reason, request, version, finished_at from executions where id = :id;

-- name: lock_execution^
-- Before a request: what may be asked depends on the state, and the row must not change in between.
select id, workflow_id, state, pause_reason, step_id, lanes, request, version, workflow_started, start_request, priority, finished_at
from executions where id = :id for update;

-- name: lock_paused_of_records
-- In the order in which all lock several of them.
select id, workflow_id, state, pause_reason, step_id, lanes, request, workflow_started, start_request, priority, finished_at, record_id, automation_id
from executions
where record_id = any(:record_ids::uuid[]) and automation_id = :automation_id and state = 'paused' and finished_at is null
order by id
for update;

-- name: lock_paused_globally
select id, workflow_id, state, pause_reason, step_id, lanes, request, workflow_started, start_request, priority, finished_at, record_id, automation_id
from executions
where record_id is null and automation_id = :automation_id and state = 'paused' and finished_at is null
order by id
for update;

-- name: lock_open_of_records
-- Of these automations, or of any.
select id, workflow_id, state, pause_reason, step_id, lanes, request, workflow_started, start_request, priority, finished_at, record_id, automation_id
from executions
where record_id = any(:record_ids::uuid[]) and finished_at is null
  and (:automation_ids::uuid[] is null or automation_id = any(:automation_ids))
order by id
limit :size
for update;

-- name: write_request!
-- A busy chain of local activities sees the request here before its signal arrives.
update executions set request = :request, version = version + 1, requested_at = now() where id = :id;

-- name: lock_standings^
-- Before the workflow's own changes of state.
select state, step_id, revision as ran_from, pause_reason, waiting_until, retry_at, attempt, reason, lanes
from executions where id = :id and finished_at is null for update;

-- name: hold_version$
-- Before a step writes rows: nothing changes the execution until they are committed.
select true from executions where id = :id and version = :version and finished_at is null for update;

-- name: write_standings!
-- Takes off the request that it answers.
update executions
set state = :state, step_id = :step_id, revision = :revision, pause_reason = :pause_reason, waiting_until = :waiting_until,
    retry_at = :retry_at, attempt = :attempt, reason = :reason, lanes = :lanes, cancel_reason = :cancel_reason,
    warning = coalesce(:warning, warning), steps_run = greatest(steps_run, :sequence), steps_failed = steps_failed + :failed,
    request = case when :finished_at::timestamptz is not null or request ->> 'id' = :request_id then null else request end,
    workflow_started = true, version = version + 1, updated_at = :now, finished_at = :finished_at
where id = :id;

-- name: close_step_runs!
-- What was under way in an execution that is over. Its goals are locked in order, as by those who meet them.
with waits as (
    select execution_id, sequence from goal_waits where execution_id = :id order by sequence for update
), gone as (
    delete from goal_waits g using waits where g.execution_id = waits.execution_id and g.sequence = waits.sequence
)
update step_runs set status = 'canceled', finished_at = :now
where execution_id = :id and (status in ('running', 'waiting', 'retrying') or (status = 'held' and finished_at is null));

-- name: read_end^
-- How an execution ended.
select state, reason from executions where id = :id;

-- name: take_to_launch
-- Takes them by setting when they are due again: another worker does not see them, and one that dies now loses nothing. By their
-- place in the table, for the reason that `take_met_goals` has. By one clock, that of the database, whose workers' clocks differ.
update executions e
set launch_at = now() + :lease::interval
where e.ctid = any(array(
    select ctid from executions
    where not workflow_started and finished_at is null and launch_at <= now()
    order by priority desc, launch_at
    limit :size
    for update skip locked
))
returning e.id, e.workflow_id, e.priority, e.start_request, e.created_at;

-- name: mark_launched!
-- In the order in which all lock several of them.
with held as (
    select id from executions where id = any(:ids::uuid[]) order by id for update
)
update executions e set workflow_started = true from held where e.id = held.id;

-- name: give_back_launches!
with held as (
    select id from executions where id = any(:ids::uuid[]) and not workflow_started order by id for update
)
update executions e set launch_at = now() from held where e.id = held.id;

-- name: mark_started!
update executions set workflow_started = true where id = :id;

-- name: warn_execution!
update executions set warning = :warning where id = :id;
