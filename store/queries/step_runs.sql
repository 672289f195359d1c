-- name: load_step^
-- Everything one step needs, in one round trip.
select e.state, e.version, e.revision as ran_from, e.step_id, e.pause_reason, e.waiting_until, e.retry_at, e.attempt, e.lanes,
       e.created_at, e.request, e.variables, e.overrides, e.trigger, e.event_id, e.workflow_id,
       e.priority, e.root_id, e.depth, e.finished_at, e.reason,
       a.id as automation_id, a.api_name, a.revision,
       r.id as record_id, r.name as record_name, r.field_values, r.stage, r.owner_id, r.archived_at, r.revision as record_revision,
       r.created_at as record_created_at, r.updated_at as record_updated_at,
       o.id as object_id, o.revision as object_revision,
       b.name as business_name, b.timezone, b.calendar,
       (select jsonb_agg(to_jsonb(k)) from kill_switches k where k.lifted_at is null) as switches,
       s.status as run_status, s.outcome as run_outcome, s.started_at as run_started_at, s.lane as run_lane
from executions e
join automations a on a.id = e.automation_id
cross join business b
left join records r on r.id = e.record_id
left join objects o on o.id = r.object_id
left join step_runs s on s.execution_id = e.id and s.sequence = :sequence
where e.id = :id;

-- name: begin_step_run$
-- An ordinary activity shows that it runs before it reaches out of the house.
with execution as (
    update executions
    set state = :state, step_id = :step_id, revision = :revision, pause_reason = :pause_reason, waiting_until = :waiting_until,
        retry_at = :retry_at, attempt = :attempt, reason = :reason, lanes = :lanes, workflow_started = true, version = version + 1, updated_at = :now
    where id = :id and version = :version and finished_at is null
    returning id
)
insert into step_runs (execution_id, sequence, lane, step_id, step_type, revision, status, attempt, started_at)
select id, :sequence, :lane, :run_step, :step_type, :run_revision, 'running', :run_attempt, :now from execution
on conflict (execution_id, sequence) do update
set status = 'running', attempt = excluded.attempt, revision = excluded.revision, step_id = excluded.step_id,
    step_type = excluded.step_type
returning true;

-- name: write_step_run$
-- History, position and the record's change, together or not at all: nothing is written over an execution or a record
-- that has changed since it was read. One statement is one transaction.
with unchanged as (
    select id from executions where id = :id and version = :version for update
), changed as (
    update records r
    set field_values = jsonb_strip_nulls(r.field_values || :changes), name = coalesce(:record_name::text, r.name),
        revision = r.revision + 1, updated_at = :now
    from unchanged
    where r.id = :changed_record and r.revision = :record_revision
    returning r.id
), event as (
    insert into events (id, kind, record_id, event_at, payload, root_id, depth)
    select :event_id, 'field_updated', changed.id, :now, :event, :root_id, :depth from changed
), execution as (
    update executions
    set state = :state, step_id = :step_id, revision = :revision, pause_reason = :pause_reason, waiting_until = :waiting_until,
        retry_at = :retry_at, attempt = :attempt, reason = :reason, lanes = :lanes, cancel_reason = :cancel_reason,
        warning = coalesce(:warning, warning), variables = coalesce(:variables, variables),
        steps_run = greatest(steps_run, :sequence), steps_failed = steps_failed + :failed, workflow_started = true,
        version = version + 1, updated_at = :now, finished_at = :finished_at
    where id = (select id from unchanged) and (:changed_record::uuid is null or exists (select from changed))
    returning id
)
insert into step_runs (
    execution_id, sequence, lane, step_id, step_type, revision, status, attempt, started_at, finished_at, duration, used, output,
    error, outcome
)
select id, :sequence, :lane, :run_step, :step_type, :run_revision, :status, :run_attempt, :now, :run_finished_at, :duration,
    :used, :output, :error, :outcome
from execution
on conflict (execution_id, sequence) do update
set status = excluded.status, attempt = excluded.attempt, finished_at = excluded.finished_at, duration = excluded.duration,
    revision = excluded.revision, step_id = excluded.step_id, step_type = excluded.step_type,
    used = step_runs.used || excluded.used, output = step_runs.output || excluded.output, error = excluded.error,
    outcome = excluded.outcome
returning true;

-- name: lock_progress$
select output from step_runs where execution_id = :execution_id and sequence = :sequence for update;

-- name: write_progress!
update step_runs set output = output || :progress where execution_id = :execution_id and sequence = :sequence;

-- name: find_outcome$
-- What a step run came to, if it did: a wait that is over is still to be gone on from.
select outcome from step_runs
where execution_id = :id and sequence = :sequence and outcome is not null
  and (status not in ('waiting', 'retrying') or :phase::text = 'run');

-- name: read_attempt^
-- The last failure of a step run, to count one that is told of twice once.
select status, (failures -> -1 ->> 'attempt')::integer as attempt from step_runs
where execution_id = :id and sequence = :sequence;

-- name: write_failure!
-- An attempt that failed unexpectedly.
insert into step_runs (
    execution_id, sequence, lane, step_id, step_type, revision, status, attempt, started_at, finished_at, error, failures
) values (
    :id, :sequence, :lane, :step_id, :step_type, :revision, :status, :attempt, :now, :finished_at, :error,
    jsonb_build_array(:failure::jsonb)
)
on conflict (execution_id, sequence) do update
set status = excluded.status, attempt = excluded.attempt, finished_at = excluded.finished_at, error = excluded.error,
    failures = step_runs.failures || excluded.failures;

-- name: pass_step_run!
-- A step that a person passed over: it stays failed if it had failed, and says which path was chosen.
update step_runs
set status = case when status in ('waiting', 'running', 'retrying') then 'skipped' else status end,
    finished_at = coalesce(finished_at, :now),
    output = case when :path::text is null then output else output || jsonb_build_object('path', :path::text) end
where execution_id = :id and sequence = :sequence;

-- name: drop_step_run!
-- A step that a save deleted while it waited for its next attempt.
update step_runs set status = 'canceled', finished_at = :now
where execution_id = :id and sequence = :sequence and status in ('running', 'retrying');

-- name: list_step_runs
select s.*, v.document
from step_runs s
join executions e on e.id = s.execution_id
left join automation_revisions v on v.automation_id = e.automation_id and v.revision = s.revision
where s.execution_id = :id and s.sequence > :after
order by s.sequence
limit :size;

-- name: list_step_runs_since
-- What has come since, and those before it that may have changed.
select s.*, v.document
from step_runs s
join executions e on e.id = s.execution_id
left join automation_revisions v on v.automation_id = e.automation_id and v.revision = s.revision
where s.execution_id = :id and (s.sequence > :after or s.sequence = any(:again::integer[]))
order by s.sequence
limit :size;

-- name: has_visited$
-- Whether a step was ever come to, however that went.
select exists (select from step_runs where execution_id = :id and step_id = :step_id);
