-- name: insert_request!
-- For the history: who asked what, and why.
insert into execution_requests (id, execution_id, kind, asked_by, why, step_id, path, asked_at)
values (:id, :execution_id, :kind, :asked_by, :why, :step_id, :path, :asked_at);

-- name: list_requests
-- In the order they were asked.
select kind, asked_by, why, step_id, path, asked_at
from execution_requests
where execution_id = :execution_id
order by asked_at, id;

-- name: end_executions_of_record
-- A cancel on each open execution of some records, unless one stands there already. Always in one order: two of these must not
-- wait for each other.
with found as (
    select id from executions where record_id = any(:record_ids::uuid[]) and finished_at is null and id is distinct from :spared order by id for update
), asked as (
    update executions e
    set request = :request::jsonb || jsonb_build_object('id', :request_id::text || ':' || e.id), version = version + 1, updated_at = :now
    from found
    where e.id = found.id and coalesce(e.request ->> 'kind', '') <> 'cancel'
    returning e.id
)
insert into execution_requests (id, execution_id, kind, asked_by, why, asked_at)
select gen_random_uuid(), id, 'cancel', :asked_by, :why, :now from asked
returning execution_id;
