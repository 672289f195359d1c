-- name: lock_kill_switches!
-- Two people who set the same switch at the same moment do so one after the other.
lock table kill_switches in share row exclusive mode;

-- name: insert_kill_switch^
insert into kill_switches (id, scope, key, mode, set_by, why, set_at)
values (:id, :scope, :key, :mode, :set_by, :why, :now)
returning *;

-- name: trip_kill_switch^
-- A limit sets a switch of its own only where none stands: what a person said counts for more.
insert into kill_switches (id, scope, key, mode, set_by, why, set_at, tripped_by, created_after)
values (:id, 'automation', :key, 'hold', 'everstep', :why, :now, :tripped_by, :now)
on conflict (scope, key) where lifted_at is null do nothing
returning *;

-- name: lift_kill_switch^
-- Once: who lifted it first is kept.
update kill_switches set lifted_by = :lifted_by, lifted_why = :lifted_why, lifted_at = :now
where id = :id and lifted_at is null
returning *;

-- name: read_kill_switch^
select * from kill_switches where id = :id;

-- name: find_standing_switch^
select * from kill_switches where scope = :scope and key = :key and lifted_at is null;

-- name: list_standing_switches
-- All of them: there are few.
select * from kill_switches where lifted_at is null order by id;

-- name: list_kill_switches
-- Newest first, a page at a time; with the lifted ones unless only those that stand are asked for.
select * from kill_switches
where (not :standing::boolean or lifted_at is null) and (:cursor::uuid is null or id < :cursor)
order by id desc
limit :size;

-- name: lock_executions_to_cancel
-- Open executions that a switch ends and that are not being canceled yet. Several workers share them out.
select id, workflow_id, workflow_started, start_request, priority
from executions
where finished_at is null
  and (:created_after::timestamptz is null or created_at >= :created_after)
  and request ->> 'kind' is distinct from 'cancel'
limit :size
for update skip locked;

-- name: lock_executions_of_automation_to_cancel
-- The same among those of one automation.
select id, workflow_id, workflow_started, start_request, priority
from executions
where finished_at is null
  and automation_id = (select id from automations where api_name = :automation and deleted_at is null)
  and (:created_after::timestamptz is null or created_at >= :created_after)
  and request ->> 'kind' is distinct from 'cancel'
limit :size
for update skip locked;

-- name: write_cancel_requests!
-- Their workflows are told of it after the commit.
update executions e set request = asked.request, version = e.version + 1, requested_at = now()
from unnest(:ids::uuid[], :requests::jsonb[]) as asked (id, request)
where e.id = asked.id;

-- name: list_lifted_switches
-- Those with executions that may still have to be told.
select * from kill_switches where lifted_at is not null and released_at is null order by id;

-- name: settle_held!
-- Ends the step runs of a lifted switch whose lanes have gone on, or ended.
update step_runs s set finished_at = :now
from executions e
where s.status = 'held' and s.finished_at is null and s.output ->> 'kill_switch' = :switch and e.id = s.execution_id
  and (e.finished_at is not null
       or case when e.lanes = '{}' then e.state else e.lanes -> s.lane ->> 'state' end is distinct from 'paused'
       or exists (select from step_runs l where l.execution_id = e.id and l.lane = s.lane and l.sequence > s.sequence));

-- name: lock_held
-- The lanes that a lifted switch holds, but for those that were told to go on a moment ago. Several workers share them out.
select e.id, e.workflow_id, e.workflow_started, e.start_request, e.priority, s.sequence, s.step_id
from step_runs s
join executions e on e.id = s.execution_id
where s.status = 'held' and s.finished_at is null and s.output ->> 'kill_switch' = :switch
  and coalesce((s.output ->> 'told_at')::timestamptz, '-infinity') < :not_since
order by e.id, s.sequence
limit :size
for update of s skip locked;

-- name: mark_told!
update step_runs s
set output = s.output || jsonb_build_object('told_at', :now::timestamptz)
from unnest(:ids::uuid[], :sequences::integer[]) as told (execution_id, sequence)
where s.execution_id = told.execution_id and s.sequence = told.sequence and s.status = 'held';

-- name: mark_released!
-- Nothing is held by it any more. Not at once: a step that read it just before it was lifted may be about to say so.
update kill_switches set released_at = :now
where id = :id and lifted_at < :lifted_before
  and not exists (select from step_runs where status = 'held' and finished_at is null and output ->> 'kill_switch' = :switch);
