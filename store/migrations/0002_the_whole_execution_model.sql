-- Lanes, restarts, kill switches, notifications, goals, and who asked what
-- depends: 0001_first_tables

-- migrate: apply
alter table executions
    add column lanes jsonb not null default '{}',
    add column cancel_reason text check (cancel_reason in ('person', 'step', 'record_archived', 'kill_switch', 'temporal')),
    add column restarted_from uuid references executions;
create index executions_by_root on executions (root_id, automation_id);
create index executions_restarted on executions (restarted_from) where restarted_from is not null;
create index executions_requested on executions (id) where request is not null and finished_at is null;
create index executions_finished on executions (finished_at) where finished_at is not null;
create index executions_open on executions (id) where finished_at is null;
create index executions_open_by_automation on executions (automation_id, id) where finished_at is null;

alter table step_runs add column lane text not null default '';
alter table step_runs drop constraint step_runs_status_check;
alter table step_runs add constraint step_runs_status_check
    check (status in ('running', 'waiting', 'retrying', 'held', 'completed', 'skipped', 'failed', 'canceled'));

create index step_runs_held on step_runs ((output ->> 'kill_switch')) where status = 'held' and finished_at is null;

-- What people asked of executions, whether or not it came to anything.
create table execution_requests (
    id uuid primary key,
    execution_id uuid not null references executions,
    kind text not null,
    asked_by text not null,
    why text not null,
    step_id text,
    path text,
    asked_at timestamptz not null
);
create index execution_requests_by_execution on execution_requests (execution_id, id);

-- Mails about failures, written with the failure and sent after it.
create table notifications (
    id uuid primary key,
    execution_id uuid not null references executions,
    sequence integer not null,
    severity text not null check (severity in ('error', 'warning', 'info')),
    recipient text not null,
    subject text not null,
    body text not null,
    created_at timestamptz not null,
    attempts integer not null default 0,
    next_attempt_at timestamptz not null,
    sent_at timestamptz,
    given_up_at timestamptz,
    error text,
    unique (execution_id, sequence)
);
create index notifications_due on notifications (next_attempt_at) where sent_at is null and given_up_at is null;

-- `created_after`: a switch that a limit tripped holds only what started since. `released_at`: all that it held has gone on.
create table kill_switches (
    id uuid primary key,
    scope text not null check (scope in ('all', 'automation', 'step_type', 'host')),
    key text not null default '',
    mode text not null check (mode in ('hold', 'cancel')),
    tripped_by text,
    created_after timestamptz,
    set_by text not null,
    why text not null,
    set_at timestamptz not null,
    lifted_by text,
    lifted_why text,
    lifted_at timestamptz,
    released_at timestamptz
);
create unique index kill_switches_standing on kill_switches (scope, key) where lifted_at is null;

create table start_counts (
    automation_id uuid not null references automations on delete cascade,
    minute timestamptz not null,
    starts integer not null,
    primary key (automation_id, minute)
);

-- `number` is the order in which events were written. What happened before this migration started all that it could.
alter table events add column evaluated_at timestamptz, add column number bigint not null generated always as identity;
update events set evaluated_at = event_at;
create index events_not_evaluated on events (number) where evaluated_at is null;

-- Events with a higher number than `after_event` count. `signal_at`: it is met, and its workflow is to be told.
-- When a trigger with a quiet window fired. The record of a global automation is the nil id.
create table firings (
    automation_id uuid not null references automations on delete cascade,
    trigger_id text not null,
    record_id uuid not null,
    fired_at timestamptz not null,
    primary key (automation_id, trigger_id, record_id, fired_at)
);

create table goal_waits (
    execution_id uuid not null references executions,
    sequence integer not null,
    record_id uuid not null references records,
    kinds text[] not null,
    triggers jsonb not null,
    since timestamptz not null,
    after_event bigint not null,
    met_at timestamptz,
    met_event uuid references events,
    met_by jsonb,
    signal_at timestamptz,
    primary key (execution_id, sequence)
);
create index goal_waits_by_record on goal_waits (record_id);
create index goal_waits_to_signal on goal_waits (signal_at) where signal_at is not null;

-- migrate: rollback
drop table goal_waits, firings, start_counts, kill_switches, notifications, execution_requests;
alter table events drop column evaluated_at, drop column number;
drop index step_runs_held, executions_by_root, executions_restarted, executions_requested, executions_finished, executions_open,
    executions_open_by_automation;
alter table step_runs drop column lane;
alter table executions drop column restarted_from, drop column cancel_reason, drop column lanes;
