-- name: list_open_of_automation
-- A batch of the open executions of an automation, with where they stand. One that is being canceled runs nothing any more.
select id, state, step_id, revision as ran_from, pause_reason, waiting_until, retry_at, attempt, reason, lanes, request
from executions
where automation_id = :automation_id and finished_at is null and id > :after and request ->> 'kind' is distinct from 'cancel'
order by id
limit :size;

-- name: lock_open
-- Where they stand by now. Always in one order: two of these must not wait for each other.
select id, state, step_id, revision as ran_from, pause_reason, waiting_until, retry_at, attempt, reason, lanes, request
from executions
where id = any(:ids::uuid[]) and finished_at is null and request ->> 'kind' is distinct from 'cancel'
order by id
for update;

-- name: ask_to_pause
-- On rows that are locked: the same request for all, each under an id of its own.
with asked as (
    update executions
    set request = :request::jsonb || jsonb_build_object('id', :request_id::text || ':' || id), version = version + 1, updated_at = :now, requested_at = now()
    where id = any(:ids::uuid[])
    returning id, workflow_id, workflow_started, start_request, priority, request
), kept as (
    insert into execution_requests (id, execution_id, kind, asked_by, why, asked_at)
    select gen_random_uuid(), id, 'pause', :asked_by, :why, :now from asked
)
select * from asked order by id;
