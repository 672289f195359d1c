-- name: insert_event$
insert into events (
    id, kind, record_id, event_at, payload, root_id, depth, priority, automation_id, trigger_id, idempotency_key, evaluated_at
) values (
    :id, :kind, :record_id, :event_at, :payload, :root_id, :depth, :priority, :automation_id, :trigger_id, :idempotency_key,
    :evaluated_at
)
on conflict (idempotency_key) where idempotency_key is not null do nothing
returning id;

-- name: read_event^
select * from events where id = :id;

-- name: insert_evaluations!
-- Once, also where an event is evaluated again because a crash left that untold. One that waited for a newer release is answered.
insert into evaluations (
    id, event_id, automation_id, trigger_id, record_id, event_at, evaluated_at, outcome, reason, detail, execution_id
)
select * from unnest(
    :ids::uuid[], :event_id::uuid[], :automation_id::uuid[], :trigger_id::text[], :record_id::uuid[], :event_at::timestamptz[],
    :evaluated_at::timestamptz[], :outcome::text[], :reason::text[], :detail::text[], :execution_id::uuid[]
)
on conflict (event_id, automation_id, trigger_id) do update
set record_id = excluded.record_id, evaluated_at = excluded.evaluated_at, outcome = excluded.outcome, reason = excluded.reason,
    detail = excluded.detail, execution_id = excluded.execution_id
where evaluations.outcome = 'waiting';

-- name: take_turn_with_events^
-- One process at a time, so that the events of a record are evaluated in their order. A process that freezes meanwhile loses its
-- turn with its transaction. No statement takes longer than a batch may: what does is found by smaller batches.
select pg_try_advisory_xact_lock(:turn) as is_ours, set_config('idle_in_transaction_session_timeout', '10s', true),
       set_config('statement_timeout', '5s', true);

-- name: list_new_events
-- Regular ones first, each with those of low priority that its record has had before it: the events of one record keep their order.
-- Some of low priority always come with them, so that they are never starved; where more regular ones wait than are taken, only
-- those that were written before them.
with regular as (
    select id, number, record_id from events
    where evaluated_at is null and retry_at is null and priority = 'regular'
    order by number
    limit :size
), reach as (
    select case when count(*) >= :size then max(number) end as number from regular
), earlier as (
    select l.id, l.number
    from (select record_id, max(number) as number from regular where record_id is not null group by record_id) r
    cross join lateral (
        select id, number from events
        where record_id = r.record_id and number < r.number
          and evaluated_at is null and retry_at is null and priority = 'low'
        order by number
        limit :size
    ) l
    order by l.number
    limit :size
), low as (
    select e.id, e.number
    from events e, reach
    where e.evaluated_at is null and e.retry_at is null and e.priority = 'low'
      and (reach.number is null or e.number < reach.number)
    order by e.number
    limit :low
), chosen as (
    select id, number from regular union select id, number from earlier union select id, number from low
    order by number
    limit :size
)
select e.id, e.number, e.kind, e.record_id, e.event_at, e.reported_at, e.payload, e.root_id, e.depth, e.priority, e.tries, e.automation_id,
       e.trigger_id, (select object_id from records where id = e.record_id) as object_id
from chosen c cross join lateral (select * from events where id = c.id offset 0) e
order by c.number;

-- name: list_unevaluated_events
-- Those of them that nobody has evaluated or set aside meanwhile, in the order they were written.
select e.id, e.number, e.kind, e.record_id, e.event_at, e.reported_at, e.payload, e.root_id, e.depth, e.priority, e.tries, e.automation_id,
       e.trigger_id, (select object_id from records where id = e.record_id) as object_id
from events e
where e.id = any(:ids::uuid[]) and e.evaluated_at is null and e.retry_at is null
order by e.number;

-- name: list_events_to_retry
-- Those that were set aside and whose time has come.
select e.id, e.number, e.kind, e.record_id, e.event_at, e.reported_at, e.payload, e.root_id, e.depth, e.priority, e.tries, e.automation_id,
       e.trigger_id, (select object_id from records where id = e.record_id) as object_id
from events e
where e.evaluated_at is null and e.retry_at <= :now
order by e.retry_at
limit :size;

-- name: count_failed_evaluation!
update events set tries = tries + 1 where id = :id and evaluated_at is null;

-- name: set_aside$
-- Tried again later and later, up to an hour. Not one that somebody else has evaluated meanwhile.
update events
set tries = tries + 1, problem = :problem,
    retry_at = :now::timestamptz + least(interval '1 second' * power(2, least(tries, 20)), interval '1 hour')
where id = :id and evaluated_at is null
returning retry_at;

-- name: mark_evaluated!
update events set evaluated_at = :now where id = any(:ids::uuid[]);
