-- name: insert_bulk_request!
insert into bulk_requests (id, kind, state, by, why, path, key_id, request_id, next_at, created_at, updated_at)
values (:id, :kind, 'running', :by, :why, :path, :key_id, :request_id, now(), :now, :now);

-- name: insert_bulk_request_items!
insert into bulk_request_items (bulk_request_id, place, execution_id, outcome, code, sentence)
select :id, place, execution_id, outcome, code, sentence
from unnest(:places::integer[], :execution_ids::uuid[], :outcomes::text[], :codes::text[], :sentences::text[])
    as i (place, execution_id, outcome, code, sentence);

-- name: count_bulk_request!
update bulk_requests b set total = c.total, refused = c.refused, not_found = c.not_found
from (
    select count(*) as total, count(*) filter (where outcome = 'refused') as refused,
           count(*) filter (where outcome = 'not_found') as not_found
    from bulk_request_items where bulk_request_id = :id
) c
where b.id = :id;

-- name: read_bulk_request^
select * from bulk_requests where id = :id;

-- name: list_bulk_requests
-- Newest first; the cursor is the last id of the page before.
select * from bulk_requests
where (:key_id::uuid is null or key_id = :key_id) and (:cursor::uuid is null or id < :cursor)
order by id desc
limit :size;

-- name: list_bulk_request_items
select place, execution_id, outcome, code, sentence
from bulk_request_items
where bulk_request_id = :id and place > :after and (:outcome::text is null or outcome = :outcome)
order by place
limit :size;

-- name: take_bulk_request^
-- As `take_bulk_start` does it.
select * from bulk_requests
where finished_at is null and next_at <= now()
order by next_at
limit 1
for update skip locked;

-- name: list_bulk_request_items_left
select place, execution_id from bulk_request_items where bulk_request_id = :id and outcome is null order by place limit :size;

-- name: lock_executions
-- In the order in which all lock several of them.
select id, workflow_id, state, pause_reason, step_id, lanes, request, workflow_started, start_request, priority, finished_at
from executions where id = any(:ids::uuid[]) order by id for update;

-- name: write_bulk_request_items!
with told as (
    update bulk_request_items i
    set outcome = t.outcome, code = t.code, sentence = t.sentence
    from unnest(:places::integer[], :execution_ids::uuid[], :outcomes::text[], :codes::text[], :sentences::text[])
        as t (place, execution_id, outcome, code, sentence)
    where i.bulk_request_id = :id and i.place = t.place
    returning i.outcome
), counted as (
    select count(*) filter (where outcome = 'asked') as asked, count(*) filter (where outcome = 'refused') as refused,
           count(*) filter (where outcome = 'not_found') as not_found
    from told
)
update bulk_requests b
set asked = b.asked + c.asked, refused = b.refused + c.refused, not_found = b.not_found + c.not_found, updated_at = :now,
    next_at = greatest(b.next_at, now() - :pause::interval) + :pause::interval
from counted c
where b.id = :id;

-- name: end_bulk_request$
-- Once: what is over stays as it ended.
update bulk_requests set state = :state, reason = :reason, updated_at = :now, finished_at = :now
where id = :id and finished_at is null
returning true;

-- name: postpone_bulk_request!
update bulk_requests set next_at = now() + :pause::interval where id = :id;
