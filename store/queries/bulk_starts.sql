-- name: insert_bulk_start!
insert into bulk_starts (
    id, automation_id, state, selection, variables, priority, resume_paused, by, next_at, created_at, updated_at
) values (:id, :automation_id, :state, :selection, :variables, :priority, :resume_paused, :by, now(), :now, :now);

-- name: add_bulk_start_records!
-- Each once. One that has its reason not to start already has had its turn.
with added as (
    insert into bulk_start_records (bulk_start_id, record_id, outcome, reason)
    select :id, record_id, case when reason is not null then 'failed' end, reason
    from unnest(:record_ids::uuid[], :reasons::text[]) as found (record_id, reason)
    on conflict do nothing
    returning outcome
)
update bulk_starts
set total = total + (select count(*) from added), failed = failed + (select count(outcome) from added)
where id = :id;

-- name: read_bulk_start^
select b.*, a.api_name from bulk_starts b join automations a on a.id = b.automation_id where b.id = :id;

-- name: list_bulk_starts
-- Newest first; the cursor is the last id of the page before.
select b.*, a.api_name
from bulk_starts b join automations a on a.id = b.automation_id
where b.automation_id = :automation_id and (:cursor::uuid is null or b.id < :cursor)
order by b.id desc
limit :size;

-- name: list_bulk_start_records
-- In the order of their turns, which is that of their ids.
select record_id, outcome, reason, execution_id
from bulk_start_records
where bulk_start_id = :id and (:cursor::uuid is null or record_id > :cursor) and (:outcome::text is null or outcome = :outcome)
order by record_id
limit :size;

-- name: take_bulk_start^
-- The one that waits longest, by one clock, that of the database. Who works on it keeps it locked for one page.
select b.*, a.api_name, a.active, a.object_id, a.revision
from bulk_starts b join automations a on a.id = b.automation_id
where b.finished_at is null and b.next_at <= now()
order by b.next_at
limit 1
for update of b skip locked;

-- name: list_bulk_start_records_left
select record_id from bulk_start_records where bulk_start_id = :id and outcome is null order by record_id limit :size;

-- name: mark_collected!
update bulk_starts set cursor = :cursor, state = :state, updated_at = :now where id = :id;

-- name: write_turns!
-- The next page is due a while after this one was: being late now and then does not slow it down, but is not made up for in one go.
with told as (
    update bulk_start_records r
    set outcome = t.outcome, reason = t.reason, execution_id = t.execution_id
    from unnest(:record_ids::uuid[], :outcomes::text[], :reasons::text[], :execution_ids::uuid[])
        as t (record_id, outcome, reason, execution_id)
    where r.bulk_start_id = :id and r.record_id = t.record_id
    returning r.outcome
), counted as (
    select count(*) filter (where outcome = 'started') as started, count(*) filter (where outcome = 'resumed') as resumed,
           count(*) filter (where outcome = 'skipped') as skipped, count(*) filter (where outcome = 'failed') as failed
    from told
)
update bulk_starts b
set started = b.started + c.started, resumed = b.resumed + c.resumed, skipped = b.skipped + c.skipped,
    failed = b.failed + c.failed, updated_at = :now, next_at = greatest(b.next_at, now() - :pause::interval) + :pause::interval
from counted c
where b.id = :id;

-- name: end_bulk_start$
-- Once: what is over stays as it ended.
update bulk_starts set state = :state, reason = :reason, updated_at = :now, finished_at = :now
where id = :id and finished_at is null
returning true;

-- name: postpone_bulk_start!
-- One that cannot go on stands in no other's way.
update bulk_starts set next_at = now() + :pause::interval where id = :id;
