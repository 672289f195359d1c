-- name: insert_goal_wait!
-- Every event of a record locks the record's row, by its foreign key at least, until it is committed. So with the row held here,
-- an event of the record is either committed by now or yet to be numbered, or it is numbered and still waits for the row, and
-- counts as one from before. One with a higher number than ours is committed after us: whoever reads it sees that we wait.
with held as (
    select id from records where id = :record_id for update
), goal as (
    insert into goal_waits (execution_id, sequence, record_id, triggers, since, timeout, wakes_at, refused, after_event)
    select :execution_id, :sequence, id, :triggers, :since, :timeout, :wakes_at, :refused,
        nextval(pg_get_serial_sequence('events', 'number'))
    from held
    returning execution_id, sequence, record_id
)
insert into goal_listens (record_id, listen, execution_id, sequence)
select record_id, listen, execution_id, sequence from goal, unnest(:listens::text[]) as listen;

-- name: lock_goal_wait^
-- When its wait is over. Without its event: who waited here for one to be written would be shown none.
select * from goal_waits where execution_id = :execution_id and sequence = :sequence for update;

-- name: hold_record_of_goal!
-- As strong as a change of the record: whoever is writing one of its events is through by then, or comes after us.
select id from records where id = :record_id for no key update;

-- name: list_unheard_events
-- Of the record of a goal, written since it was reached, and not evaluated yet.
select id, number, kind, record_id, event_at, reported_at, payload, automation_id
from events
where record_id = :record_id and evaluated_at is null and number > :after_event
  and kind = any(:kinds::text[]) and event_at <= coalesce(:until::timestamptz, 'infinity')
order by number;

-- name: write_goal_look!
-- Its workflow has looked, and sleeps anew: it may be told to look again.
update goal_waits set wakes_at = :wakes_at, refused = :refused, nudged = false, signal_at = null
where execution_id = :execution_id and sequence = :sequence;

-- name: delete_goal_wait!
delete from goal_waits where execution_id = :execution_id and sequence = :sequence;

-- name: find_goal_waits
-- Open goals that such events of these records concern. Not locked: most of them, no event meets.
select execution_id, sequence, record_id, triggers, since, timeout, refused, after_event
from goal_waits
where (execution_id, sequence) in (
    select l.execution_id, l.sequence
    from unnest(:record_ids::uuid[], :listens::text[]) as told (record_id, listen)
    join goal_listens l on l.record_id = told.record_id and l.listen = told.listen
) and met_at is null;

-- name: lock_goal_waits!
-- In the order in which all lock several of them, so that nobody waits for each other.
select g.execution_id
from goal_waits g
join unnest(:execution_ids::uuid[], :sequences::integer[]) as told (execution_id, sequence)
    on told.execution_id = g.execution_id and told.sequence = g.sequence
order by g.execution_id, g.sequence
for update of g;

-- name: settle_goals!
-- Those with an event are met, once: the first event that fits is the one. The others look again, unless they are about to, or
-- wake in time: asked of the rows as they are once they are locked, in the order of `lock_goal_waits`.
with told as (
    select * from unnest(
        :execution_ids::uuid[], :sequences::integer[], :event_ids::uuid[], :triggers::jsonb[], :moments::timestamptz[]
    ) as t (execution_id, sequence, event_id, trigger, moment)
), held as (
    select g.execution_id, g.sequence, g.nudged, g.wakes_at, told.event_id, told.trigger, told.moment
    from goal_waits g join told on told.execution_id = g.execution_id and told.sequence = g.sequence
    where g.met_at is null
    order by g.execution_id, g.sequence
    for update of g
), heard as (
    delete from goal_listens l using held
    where held.event_id is not null and l.execution_id = held.execution_id and l.sequence = held.sequence
)
update goal_waits g
set met_at = case when held.event_id is not null then :now::timestamptz end, met_event = held.event_id, met_by = held.trigger,
    nudged = held.event_id is null, signal_at = :now
from held
where g.execution_id = held.execution_id and g.sequence = held.sequence
  and (held.event_id is not null or (not held.nudged and (held.wakes_at is null or held.moment < held.wakes_at)));

-- name: nudge_dated_goals!
-- All that wait for dates look again: what their moments are worked out by has changed. Also those that look at this moment.
with held as (
    select execution_id, sequence from goal_waits
    where met_at is null
      and jsonb_path_exists(triggers, '$[*].type ? (@ == "on_or_around_date" || @ == "activity_overdue")')
    order by execution_id, sequence
    for update
)
update goal_waits g set nudged = true, signal_at = :now
from held where g.execution_id = held.execution_id and g.sequence = held.sequence;

-- name: take_met_goals
-- Takes them by setting when they are due again: another worker does not see them, and one that dies now loses nothing. By their
-- place in the table, which no lock lets change: how many are due the planner cannot know, and would rather read all.
update goal_waits g
set signal_at = :again_at
where g.ctid = any(array(
    select ctid from goal_waits where signal_at <= :now order by signal_at limit :size for update skip locked
))
returning g.execution_id, g.sequence, g.signal_at, (select workflow_id from executions where id = g.execution_id) as workflow_id;

-- name: mark_goals_signalled!
-- Temporal has the signal, and does not lose it. What is to be told since then is told by another one.
with held as (
    select g.execution_id, g.sequence
    from goal_waits g
    join unnest(:execution_ids::uuid[], :sequences::integer[], :taken::timestamptz[]) as told (execution_id, sequence, taken)
        on told.execution_id = g.execution_id and told.sequence = g.sequence
    where g.signal_at = told.taken
    order by g.execution_id, g.sequence
    for update of g
)
update goal_waits g set signal_at = null from held where g.execution_id = held.execution_id and g.sequence = held.sequence;

-- name: list_scheduled_activities
-- Of each record those that are due first after a moment.
select a.*
from unnest(:record_ids::uuid[]) as r (id)
cross join lateral (
    select * from crm_activities c
    where c.record_id = r.id and c.status = 'scheduled' and c.due_at > :after
    order by c.due_at
    limit :size
) a;

-- name: list_goal_changes
-- Of the record of a goal since it was reached: what may have moved its dates, with the crm activity as it was told of before.
select e.event_at, e.kind, e.payload, case when e.kind = 'activity_changed' then (
    select b.payload -> 'activity' from events b
    where b.record_id = e.record_id and b.kind in ('activity_scheduled', 'activity_changed') and b.number < e.number
      and b.payload -> 'activity' ->> 'id' = e.payload -> 'activity' ->> 'id'
    order by b.number desc
    limit 1
) end as before
from events e
where e.record_id = :record_id and e.number > :after_event and (
    e.kind = 'field_updated' and e.payload -> 'new' ?| :fields::text[]
    or :activities and e.kind in ('activity_scheduled', 'activity_changed', 'activity_completed', 'activity_canceled')
)
order by e.number;
