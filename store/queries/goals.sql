-- name: insert_goal_wait!
-- Every event of a record locks the record's row, by its foreign key at least, until it is committed. So with the row held here,
-- an event of the record is either committed by now or yet to be numbered, or it is numbered and still waits for the row, and
-- counts as one from before. One with a higher number than ours is committed after us: whoever reads it sees that we wait.
with held as (
    select id from records where id = :record_id for update
)
insert into goal_waits (execution_id, sequence, record_id, listens, triggers, since, after_event)
select :execution_id, :sequence, id, :listens, :triggers, :since, nextval(pg_get_serial_sequence('events', 'number'))
from held;

-- name: lock_goal_wait^
-- When its wait is over: an event that met it counts, although the clock came first.
select g.met_at, g.met_by, e.id as event_id, e.kind, e.event_at
from goal_waits g left join events e on e.id = g.met_event
where g.execution_id = :execution_id and g.sequence = :sequence
for update of g;

-- name: delete_goal_wait!
delete from goal_waits where execution_id = :execution_id and sequence = :sequence;

-- name: lock_open_goal_waits
-- In the order in which all lock several of them, so that nobody waits for each other.
select execution_id, sequence, record_id, listens, triggers, after_event
from goal_waits
where record_id = any(:record_ids::uuid[]) and listens && :listens::text[] and met_at is null
order by execution_id, sequence
for update;

-- name: mark_goals_met!
-- Once: the first event that fits is the one.
update goal_waits g
set met_at = :now, met_event = met.event_id, met_by = met.trigger, signal_at = :now
from unnest(:execution_ids::uuid[], :sequences::integer[], :event_ids::uuid[], :triggers::jsonb[])
    as met (execution_id, sequence, event_id, trigger)
where g.execution_id = met.execution_id and g.sequence = met.sequence and g.met_at is null;

-- name: take_met_goals
-- Takes them by setting when they are due again: another worker does not see them, and one that dies now loses nothing. By their
-- place in the table, which no lock lets change: how many are due the planner cannot know, and would rather read all.
update goal_waits g
set signal_at = :again_at
where g.ctid = any(array(
    select ctid from goal_waits where signal_at <= :now order by signal_at limit :size for update skip locked
))
returning g.execution_id, g.sequence, (select workflow_id from executions where id = g.execution_id) as workflow_id;

-- name: mark_goals_signalled!
-- Temporal has the signal, and does not lose it.
with held as (
    select g.execution_id, g.sequence
    from goal_waits g
    join unnest(:execution_ids::uuid[], :sequences::integer[]) as told (execution_id, sequence) using (execution_id, sequence)
    order by g.execution_id, g.sequence
    for update of g
)
update goal_waits g set signal_at = null from held where g.execution_id = held.execution_id and g.sequence = held.sequence;
