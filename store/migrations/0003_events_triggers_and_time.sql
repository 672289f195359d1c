-- What triggers listen to, what is due, crm activities, webhook deliveries, schedules and bulk starts
-- depends: 0002_the_whole_execution_model

-- migrate: apply

-- Which triggers an event may concern, found by its object, kind and key (`key` is empty where the kind says all). `use` says
-- what for: to `start` an execution, or to say when one is `due`. `since`: what happened before does not count.
create table listeners (
    automation_id uuid not null references automations on delete cascade,
    trigger_id text not null,
    use text not null check (use in ('start', 'due')),
    object_id uuid references objects,
    kind text not null,
    key text not null default '',
    definition jsonb not null,
    since timestamptz not null,
    primary key (automation_id, trigger_id, use, kind, key)
);
create index listeners_by_event on listeners (object_id, kind, key);

-- What an automation may set off: changes of a field (kind field_updated, key the field) and other automations (kind start).
create table effects (
    automation_id uuid not null references automations on delete cascade,
    object_id uuid references objects,
    kind text not null,
    key text not null,
    primary key (automation_id, kind, key)
);

-- An event that concerns one trigger alone names it. `idempotency_key`: it is written once, however often it is told of.
alter table events
    add column automation_id uuid references automations on delete cascade,
    add column trigger_id text,
    add column idempotency_key text;
create unique index events_by_idempotency_key on events (idempotency_key) where idempotency_key is not null;
create index events_by_kind on events (kind, id);

create function tell_of_events() returns trigger language plpgsql as $$
begin
    notify everstep_events;
    return null;
end $$;
create trigger tell_of_events after insert on events for each statement execute function tell_of_events();

alter table evaluations
    add column record_id uuid references records,
    add column event_at timestamptz,
    add column detail text;
update evaluations v set record_id = e.record_id, event_at = e.event_at from events e where e.id = v.event_id;
alter table evaluations alter column event_at set not null;
create unique index evaluations_once on evaluations (event_id, automation_id, trigger_id);
create index evaluations_by_trigger on evaluations (automation_id, trigger_id, id);
create index evaluations_by_record on evaluations (automation_id, trigger_id, record_id, id) where record_id is not null;

-- What went wrong with its triggers since it was saved, by trigger id: {"code", "sentence", "at"}.
alter table automations add column warnings jsonb not null default '{}';

-- When a worker starts the workflow, unless it is started by then.
alter table executions add column launch_at timestamptz;
update executions set launch_at = created_at where not workflow_started and finished_at is null;
drop index executions_not_started;
create index executions_to_launch on executions (priority desc, launch_at) where not workflow_started and finished_at is null;

-- `wakes_at`: until when the workflow of the goal sleeps. `nudged`: it is told to look again, and has not looked yet. `timeout`:
-- {"until", …}, null for never. `refused`: up to when the dates of a trigger are over, by its place, as its filter refused them.
alter table goal_waits
    add column wakes_at timestamptz,
    add column nudged boolean not null default false,
    add column timeout jsonb,
    add column refused jsonb not null default '{}';
update goal_waits g
set wakes_at = (s.output ->> 'until')::timestamptz, timeout = jsonb_build_object('until', s.output ->> 'until')
from step_runs s
where s.execution_id = g.execution_id and s.sequence = g.sequence and s.output ? 'until';

-- What concerns an open goal, as kind/key of events: field_updated/status. A row of its own for each, so that an event finds
-- those that listen to it, and reads none of the others that wait on the record.
create table goal_listens (
    record_id uuid not null,
    listen text not null,
    execution_id uuid not null,
    sequence integer not null,
    primary key (record_id, listen, execution_id, sequence),
    foreign key (execution_id, sequence) references goal_waits on delete cascade
);
create index goal_listens_of_goal on goal_listens (execution_id, sequence);
insert into goal_listens (record_id, listen, execution_id, sequence)
select distinct g.record_id, (t ->> 'type') || '/' || coalesce(t ->> 'field', ''), g.execution_id, g.sequence
from goal_waits g, jsonb_array_elements(g.triggers) t
where g.met_at is null;
alter table goal_waits drop column kinds;

-- Date triggers: the next time at which each is due for a record. `subject` is the crm activity, where it is about one.
create table due_triggers (
    automation_id uuid not null references automations on delete cascade,
    trigger_id text not null,
    record_id uuid not null references records,
    subject text not null default '',
    due_at timestamptz not null,
    told jsonb not null default '{}',
    primary key (automation_id, trigger_id, record_id, subject)
);
create index due_triggers_by_time on due_triggers (due_at);
create index due_triggers_by_trigger on due_triggers (automation_id, trigger_id, due_at, record_id, subject);

-- Triggers whose due times are to be worked out anew for all records, and how far that is.
create table due_scans (
    automation_id uuid not null references automations on delete cascade,
    trigger_id text not null,
    since timestamptz not null,
    cursor uuid not null default '00000000-0000-0000-0000-000000000000',
    primary key (automation_id, trigger_id)
);

create table crm_activities (
    id uuid primary key,
    record_id uuid not null references records,
    type text not null,
    status text not null check (status in ('scheduled', 'completed', 'canceled')),
    note text not null default '',
    due_at timestamptz,
    assigned_to uuid references employees,
    by text not null default '',
    created_at timestamptz not null,
    updated_at timestamptz not null,
    completed_at timestamptz
);
create index crm_activities_by_record on crm_activities (record_id, id);
create index crm_activities_open on crm_activities (record_id, due_at) where status = 'scheduled';

create table webhook_secrets (
    id uuid primary key,
    automation_id uuid not null references automations on delete cascade,
    webhook text not null,
    secret text not null,
    created_at timestamptz not null,
    retires_at timestamptz
);
create index webhook_secrets_by_webhook on webhook_secrets (automation_id, webhook, created_at);

-- Each call of a webhook as it came, so that it can be looked at and replayed.
create table webhook_deliveries (
    id uuid primary key,
    automation_id uuid not null references automations on delete cascade,
    webhook text not null,
    method text not null,
    content_type text not null default '',
    query text not null default '',
    body bytea not null,
    received_at timestamptz not null,
    idempotency_key text,
    replay_of uuid references webhook_deliveries on delete set null,
    event_id uuid references events,
    outcome text not null,
    reason text,
    detail text,
    execution_id uuid references executions
);
create unique index webhook_deliveries_once on webhook_deliveries (automation_id, webhook, idempotency_key)
    where idempotency_key is not null;
create index webhook_deliveries_by_webhook on webhook_deliveries (automation_id, webhook, id);

-- Schedule triggers as Temporal is to have them. `definition` is null where Temporal is to forget one. `sync_at`: when a worker is
-- to tell Temporal of it, or to look whether Temporal still has it. `refresh_at`: when Temporal needs more of its times.
create table schedules (
    schedule_id text primary key,
    automation_id uuid not null,
    trigger_id text not null,
    definition jsonb,
    paused boolean not null default false,
    revision integer not null default 1,
    synced_revision integer,
    sync_at timestamptz not null,
    refresh_at timestamptz,
    problem text
);
create index schedules_of_automation on schedules (automation_id);
create index schedules_to_sync on schedules (sync_at);

create table bulk_starts (
    id uuid primary key,
    automation_id uuid not null references automations on delete cascade,
    state text not null check (state in ('collecting', 'running', 'completed', 'canceled')),
    selection jsonb not null,
    variables jsonb not null default '{}',
    priority text check (priority in ('regular', 'low')),
    resume_paused boolean not null default false,
    by text not null default '',
    total integer not null default 0,
    started integer not null default 0,
    resumed integer not null default 0,
    skipped integer not null default 0,
    failed integer not null default 0,
    cursor uuid not null default '00000000-0000-0000-0000-000000000000',
    next_at timestamptz not null,
    reason text,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    finished_at timestamptz
);
create index bulk_starts_under_way on bulk_starts (next_at) where finished_at is null;
create index bulk_starts_by_automation on bulk_starts (automation_id, id);

-- Each record of a bulk start once; `outcome` is null until its turn.
create table bulk_start_records (
    bulk_start_id uuid not null references bulk_starts on delete cascade,
    record_id uuid not null,
    outcome text check (outcome in ('started', 'resumed', 'skipped', 'failed')),
    reason text,
    execution_id uuid references executions,
    primary key (bulk_start_id, record_id)
);
create index bulk_start_records_left on bulk_start_records (bulk_start_id, record_id) where outcome is null;

-- Executions that a bulk start resumed, and whose workflows are yet to be told.
create table bulk_start_resumes (
    bulk_start_id uuid not null references bulk_starts on delete cascade,
    execution_id uuid not null references executions,
    request jsonb not null,
    tell_at timestamptz not null,
    primary key (bulk_start_id, execution_id)
);
create index bulk_start_resumes_to_tell on bulk_start_resumes (tell_at);

alter table business add column calendar jsonb not null default '{}';

-- migrate: rollback
alter table business drop column calendar;
drop table bulk_start_resumes, bulk_start_records, bulk_starts, schedules, webhook_deliveries, webhook_secrets, crm_activities, due_scans, due_triggers;
drop table goal_listens;
alter table goal_waits add column kinds text[] not null default '{}';
update goal_waits set kinds = array(select distinct t ->> 'type' from jsonb_array_elements(triggers) t);
alter table goal_waits drop column wakes_at, drop column nudged, drop column timeout, drop column refused;
drop index executions_to_launch;
alter table executions drop column launch_at;
create index executions_not_started on executions (created_at) where not workflow_started;
alter table automations drop column warnings;
drop index evaluations_once, evaluations_by_trigger, evaluations_by_record;
alter table evaluations drop column record_id, drop column event_at, drop column detail;
drop trigger tell_of_events on events;
drop function tell_of_events;
drop index events_by_idempotency_key, events_by_kind;
alter table events drop column automation_id, drop column trigger_id, drop column idempotency_key;
drop table effects, listeners;
