-- Events by priority, those that are set aside, triggers that wait for a newer release, mails about kill switches
-- depends: 0009_recoveries

-- migrate: apply

-- An event that could not be evaluated is set aside: `problem` says why, and it is tried again at `retry_at`. `tries`: how often
-- its evaluation failed so far.
alter table events
    add column priority text not null default 'regular' check (priority in ('regular', 'low')),
    add column tries integer not null default 0,
    add column retry_at timestamptz,
    add column problem text;
create index events_to_evaluate on events (number)
    where evaluated_at is null and retry_at is null and priority = 'regular';
create index events_low on events (number)
    where evaluated_at is null and retry_at is null and priority = 'low';
create index events_low_by_record on events (record_id, number)
    where evaluated_at is null and retry_at is null and priority = 'low';
create index events_set_aside on events (retry_at) where evaluated_at is null and retry_at is not null;

-- What a worker of an older release could not read, until one that can comes by.
create index evaluations_waiting on evaluations (automation_id, trigger_id) where outcome = 'waiting';

-- A mail tells of a step run, or of a kill switch that a limit set.
alter table notifications
    alter column execution_id drop not null,
    alter column sequence drop not null,
    add column kill_switch_id uuid unique references kill_switches,
    add check (kill_switch_id is not null or (execution_id is not null and sequence is not null));

alter table business add column operations_email text;

-- migrate: rollback
alter table business drop column operations_email;
delete from notifications where execution_id is null;
alter table notifications
    drop column kill_switch_id,
    alter column execution_id set not null,
    alter column sequence set not null;
drop index evaluations_waiting;
delete from evaluations where outcome = 'waiting';
alter table events drop column priority, drop column tries, drop column retry_at, drop column problem;
