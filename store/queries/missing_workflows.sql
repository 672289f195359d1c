-- name: mark_missing!
insert into missing_workflows (execution_id, found_at) values (:execution_id, now())
on conflict (execution_id) do nothing;

-- name: mark_missing_ended!
update missing_workflows set ended_at = now() where execution_id = :execution_id;

-- name: unmark_missing!
delete from missing_workflows where execution_id = :execution_id and ended_at is null;

-- name: count_missing$
select count(*) from missing_workflows m join executions e on e.id = m.execution_id
where m.ended_at is null and e.finished_at is null;

-- name: count_lately_missing$
-- Those that somebody else ended count no more.
select count(*) from missing_workflows m join executions e on e.id = m.execution_id
where (m.ended_at is null and e.finished_at is null) or m.ended_at > now() - :lately::interval;

-- name: list_missing
select m.execution_id, m.execution_id as id, m.found_at, e.state, e.workflow_id, a.api_name as automation
from missing_workflows m
join executions e on e.id = m.execution_id
join automations a on a.id = e.automation_id
where m.ended_at is null and e.finished_at is null and (:cursor::uuid is null or m.execution_id > :cursor)
order by m.execution_id
limit :size;

-- name: insert_recovery$
insert into recoveries (id, decision, by, why, created_at, updated_at, taken_until)
values (:id, :decision, :by, :why, :now, :now, :now)
on conflict ((true)) where finished_at is null do nothing
returning true;

-- name: read_recovery^
select * from recoveries where id = :id;

-- name: list_recoveries
select * from recoveries where :cursor::uuid is null or id < :cursor order by id desc limit :size;

-- name: take_recovery^
-- One worker at a time.
update recoveries set taken_until = now() + :lease::interval
where id = (
    select id from recoveries where finished_at is null and taken_until <= now() limit 1 for update skip locked
)
returning *;

-- name: give_back_recovery!
update recoveries set taken_until = now() where id = :id;

-- name: list_open_to_recover
-- Also those that were not found to be missing yet.
select id, workflow_id from executions
where finished_at is null and workflow_started and id > :after and created_at <= :before
order by id
limit :size;

-- name: list_missing_to_end
select e.id, e.workflow_id
from missing_workflows m join executions e on e.id = m.execution_id
where m.ended_at is null and e.finished_at is null and e.id > :after and m.found_at <= :before
order by e.id
limit :size;

-- name: write_recovered!
update recoveries
set started = started + :started, reloaded = reloaded + :reloaded, ended = ended + :ended, closed = closed + :closed,
    looked_at = looked_at + :looked_at, cursor = :cursor, updated_at = :now, taken_until = now(),
    finished_at = case when :is_over::boolean then :now::timestamptz end
where id = :id;

-- name: list_over_among
select id, workflow_id, state, true as workflow_started from executions
where workflow_id = any(:workflow_ids::text[]) and finished_at is not null;
