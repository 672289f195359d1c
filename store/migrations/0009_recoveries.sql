-- When requests were asked, requests to many, and what Temporal has forgotten
-- depends: 0007_senders_and_claims

-- migrate: apply

-- Since when the request on the row stands: `updated_at` tells when the execution last moved.
alter table executions add column requested_at timestamptz;
update executions set requested_at = updated_at where request is not null and finished_at is null;

-- `paced`: one of many. Those are told a few at a time, and the others before them.
alter table requests_to_tell add column paced boolean not null default false;
drop index requests_to_tell_by_time;
create index requests_to_tell_by_time on requests_to_tell (paced, tell_at);

-- Open executions whose workflow Temporal does not know. `ended_at`: one of a few, which the reconciler has ended.
create table missing_workflows (
    execution_id uuid primary key references executions on delete cascade,
    found_at timestamptz not null,
    ended_at timestamptz
);
create index missing_workflows_by_end on missing_workflows (ended_at);

-- What an operator decided for them all, and how far that is.
create table recoveries (
    id uuid primary key,
    decision text not null check (decision in ('start_again', 'end')),
    by text not null,
    why text not null default '',
    cursor uuid not null default '00000000-0000-0000-0000-000000000000',
    looked_at integer not null default 0,
    started integer not null default 0,
    reloaded integer not null default 0,
    ended integer not null default 0,
    closed integer not null default 0,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    taken_until timestamptz not null,
    finished_at timestamptz
);
create unique index recoveries_under_way on recoveries ((true)) where finished_at is null;

-- The same asked of many executions.
create table bulk_requests (
    id uuid primary key,
    kind text not null check (kind in ('pause', 'resume', 'cancel', 'skip', 'retry')),
    state text not null check (state in ('running', 'completed', 'canceled')),
    by text not null,
    why text not null default '',
    path text,
    key_id uuid references api_keys,
    request_id text,
    total integer not null default 0,
    asked integer not null default 0,
    refused integer not null default 0,
    not_found integer not null default 0,
    reason text,
    next_at timestamptz not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    finished_at timestamptz
);
create index bulk_requests_under_way on bulk_requests (next_at) where finished_at is null;
create index bulk_requests_by_key on bulk_requests (key_id);

-- Each execution of it once, in the order of `place`; `outcome` is null until its turn.
create table bulk_request_items (
    bulk_request_id uuid not null references bulk_requests on delete cascade,
    place integer not null,
    execution_id uuid not null,
    outcome text check (outcome in ('asked', 'refused', 'not_found')),
    code text,
    sentence text,
    primary key (bulk_request_id, place)
);
create index bulk_request_items_left on bulk_request_items (bulk_request_id, place) where outcome is null;

-- migrate: rollback
drop table bulk_request_items, bulk_requests, recoveries, missing_workflows;
drop index requests_to_tell_by_time;
create index requests_to_tell_by_time on requests_to_tell (tell_at);
alter table requests_to_tell drop column paced;
alter table executions drop column requested_at;
