-- Records, automations, executions and their history
-- depends:

-- migrate: apply
create table business (
    id boolean primary key default true check (id),
    name text not null,
    timezone text not null,
    locale text not null
);
insert into business (name, timezone, locale) values ('Everstep', 'UTC', 'en');

create table objects (
    id uuid primary key,
    api_name text not null unique,
    definition jsonb not null,
    revision integer not null default 1,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);

create table employees (
    id uuid primary key,
    name text not null,
    email text not null,
    roles text[] not null default '{}',
    active boolean not null default true
);
create unique index employees_by_email on employees (lower(email));
create index employees_by_role on employees using gin (roles);

create table records (
    id uuid primary key,
    object_id uuid not null references objects,
    name text not null,
    field_values jsonb not null default '{}',
    stage text,
    owner_id uuid references employees,
    revision integer not null default 1,
    archived_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index records_by_object on records (object_id, id);
create index records_by_name on records (object_id, lower(name));
create index records_by_field_value on records using gin (field_values jsonb_path_ops);

create table automations (
    id uuid primary key,
    api_name text not null unique,
    object_id uuid references objects,
    active boolean not null,
    activated_at timestamptz,
    revision integer not null default 1,
    document jsonb not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index automations_by_object on automations (object_id);

-- What ran stays recorded as it ran: a step run names the revision it ran from.
create table automation_revisions (
    automation_id uuid not null references automations on delete cascade,
    revision integer not null,
    document jsonb not null,
    saved_at timestamptz not null default now(),
    primary key (automation_id, revision)
);

create table events (
    id uuid primary key,
    kind text not null,
    record_id uuid references records,
    event_at timestamptz not null,
    payload jsonb not null default '{}',
    root_id uuid,
    depth integer not null default 0
);
create index events_by_record on events (record_id, id);

create table executions (
    id uuid primary key,
    workflow_id text not null unique,
    automation_id uuid not null references automations,
    record_id uuid references records,
    priority text not null check (priority in ('regular', 'low')),
    state text not null check (state in ('active', 'paused', 'retrying', 'completed', 'canceled', 'failed')),
    pause_reason text,
    waiting_until timestamptz,
    retry_at timestamptz,
    attempt integer not null default 1,
    reason text,
    warning text,
    step_id text,
    revision integer not null,
    steps_run integer not null default 0,
    steps_failed integer not null default 0,
    variables jsonb not null default '{}',
    overrides jsonb not null default '{}',
    trigger jsonb not null default '{}',
    event_id uuid references events,
    parent_id uuid references executions,
    root_id uuid not null,
    depth integer not null default 0,
    request jsonb,
    version integer not null default 0,
    workflow_started boolean not null default false,
    start_request jsonb not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    finished_at timestamptz
);
create index executions_by_automation on executions (automation_id, id);
create index executions_by_record on executions (record_id, id);
create index executions_by_state on executions (state, id);
create index executions_not_started on executions (created_at) where not workflow_started;

-- Why an event started an execution, or did not.
create table evaluations (
    id uuid primary key,
    event_id uuid not null references events,
    automation_id uuid not null references automations on delete cascade,
    trigger_id text not null,
    outcome text not null,
    reason text,
    execution_id uuid references executions,
    evaluated_at timestamptz not null
);
create index evaluations_by_automation on evaluations (automation_id, id);

create table step_runs (
    execution_id uuid not null references executions,
    sequence integer not null,
    step_id text not null,
    step_type text not null,
    revision integer not null,
    status text not null check (status in ('running', 'waiting', 'retrying', 'completed', 'skipped', 'failed', 'canceled')),
    attempt integer not null,
    started_at timestamptz not null,
    finished_at timestamptz,
    duration interval,
    used jsonb not null default '[]',
    output jsonb not null default '{}',
    error jsonb,
    failures jsonb not null default '[]',
    outcome jsonb,
    primary key (execution_id, sequence)
);

-- migrate: rollback
drop table step_runs, evaluations, executions, events, automation_revisions, automations, records, employees, objects, business;
