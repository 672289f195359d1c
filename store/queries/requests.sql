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
    set request = :request::jsonb || jsonb_build_object('id', :request_id::text || ':' || e.id), version = version + 1, updated_at = :now, requested_at = now()
    from found
    where e.id = found.id and coalesce(e.request ->> 'kind', '') <> 'cancel'
    returning e.id
)
insert into execution_requests (id, execution_id, kind, asked_by, why, asked_at)
select gen_random_uuid(), id, 'cancel', :asked_by, :why, :now from asked
returning execution_id;

-- name: ask_executions!
-- What is asked of each stands in its history and is to be told to its workflow; a pause and a cancel stand on its row too, and
-- anything else takes off what stands there. Nothing is asked of one that is over by now.
with asked as (
    select e.id as execution_id, a.request, a.place
    from unnest(:ids::uuid[], :requests::jsonb[]) with ordinality as a (id, request, place)
    join executions e on e.id = a.id
    where e.finished_at is null
), standing as (
    update executions e
    set request = case when a.request ->> 'kind' in ('pause', 'cancel') then a.request end, version = version + 1, requested_at = now()
    from asked a
    where e.id = a.execution_id
), kept as (
    insert into execution_requests (id, execution_id, kind, asked_by, why, step_id, path, asked_at)
    select gen_random_uuid(), execution_id, request ->> 'kind', request ->> 'by', request ->> 'why', request ->> 'step', request ->> 'path', :now
    from asked
)
insert into requests_to_tell (id, execution_id, request, tell_at, paced)
select request ->> 'id', execution_id, request, now() + coalesce((place - 1) * :gap::interval, '0'), :gap::interval is not null
from asked;

-- name: promise_to_tell!
-- One id each, however often it is said.
insert into requests_to_tell (id, execution_id, request, tell_at)
select request ->> 'id', id, request, now() + :tell_in::interval
from unnest(:ids::uuid[], :requests::jsonb[]) as asked (id, request)
on conflict (id) do nothing;

-- name: take_to_tell
-- As `take_to_launch` does it. Those of many at once are taken for themselves. What was asked of an execution is told in the order in which it was asked.
update requests_to_tell r
set tell_at = now() + :lease::interval
from executions e
where e.id = r.execution_id and r.ctid = any(array(
    select ctid from requests_to_tell t
    where paced = :paced and tell_at <= now()
      and not exists (select from requests_to_tell before where before.execution_id = t.execution_id and before.number < t.number)
    order by tell_at
    limit :size
    for update skip locked
))
returning r.id as request_id, r.request, e.id, e.workflow_id, e.workflow_started, e.start_request, e.priority;

-- name: tell_later!
-- What stands on many rows, one after the other, behind those that wait already.
insert into requests_to_tell (id, execution_id, request, tell_at, paced)
select a.request ->> 'id', a.id, a.request, s.since + (a.place - 1) * :gap::interval, true
from unnest(:ids::uuid[], :requests::jsonb[]) with ordinality as a (id, request, place)
cross join (select greatest(now(), max(tell_at)) as since from requests_to_tell where paced) s
on conflict (id) do nothing;

-- name: list_to_tell
-- What an execution has yet to be told, in order.
select id, request from requests_to_tell where execution_id = :execution_id order by number;

-- name: count_unheeded$
-- Requests that were told a moment ago, or are about to be, and are not done yet: of those that stand on rows.
select count(*) from (
    select from executions e
    where request is not null and finished_at is null and requested_at > now() - :lately::interval
      and not exists (select from requests_to_tell t where t.execution_id = e.id and t.paced)
    limit :most
) e;

-- name: touch_requests!
update executions set requested_at = now() where id = any(:ids::uuid[]) and request is not null;

-- name: delete_told!
-- Temporal has the signal, and does not lose it.
delete from requests_to_tell where id = any(:ids::text[]);
