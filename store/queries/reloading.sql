-- name: lock_open_execution^
select id, automation_id, state, step_id, revision as ran_from, pause_reason, waiting_until, retry_at, attempt, reason, lanes,
       request, start_request
from executions where id = :id and finished_at is null for update;

-- name: count_visits
select step_id, count(*) as visits from step_runs where execution_id = :id group by step_id;

-- name: read_last_pause^
select asked_by, why from execution_requests where execution_id = :id and kind = 'pause' order by asked_at desc, id desc limit 1;

-- name: write_new_start!
update executions
set start_request = jsonb_set(start_request, '{start}', :start), workflow_started = false, launch_at = now() + :launch_in::interval, version = version + 1
where id = :id;

