-- Messages and their templates, files, turns of a round robin, requests that are yet to be told
-- depends: 0004_keys_audit_and_secrets

-- migrate: apply
alter table employees add column phone text;

-- `assigned_role`: for anybody of a role. `execution_id`: what scheduled it; null for one that a person did.
alter table crm_activities add column assigned_role text, add column execution_id uuid references executions;

-- `place` 0 tells of the step run itself, others are mails that the step writes.
alter table notifications
    add column place integer not null default 0,
    drop constraint notifications_execution_id_sequence_key,
    add unique (execution_id, sequence, place);

-- Whose turn it was last, for each step that takes turns.
create table round_robins (
    automation_id uuid not null references automations on delete cascade,
    step_id text not null,
    last_employee uuid not null references employees,
    turns bigint not null default 1,
    primary key (automation_id, step_id)
);

-- Texts that steps send, kept under a name. `html` goes with the plain text of a mail.
create table message_templates (
    id uuid primary key,
    api_name text not null unique,
    channel text not null check (channel in ('email', 'text')),
    name text not null,
    subject text not null default '',
    body text not null default '',
    html text,
    revision integer not null default 1,
    created_at timestamptz not null,
    updated_at timestamptz not null
);

-- What a step sends. Written before it goes out; `place` counts those of one step run. `in_doubt`: how often it was handed over
-- and no answer was written. `delivery` is the last that the provider said of it.
create table messages (
    id uuid primary key,
    execution_id uuid not null references executions,
    sequence integer not null,
    place integer not null default 0,
    channel text not null check (channel in ('email', 'text')),
    record_id uuid references records,
    sender text not null,
    recipients text[] not null,
    cc text[] not null default '{}',
    subject text not null default '',
    body text not null default '',
    html text,
    template text,
    state text not null check (state in ('queued', 'sent', 'failed')),
    in_doubt integer not null default 0,
    refused text[] not null default '{}',
    error jsonb,
    provider_id text,
    delivery text,
    unsubscribe_token text unique,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    sent_at timestamptz,
    unique (execution_id, sequence, place)
);
create index messages_by_record on messages (record_id, id) where record_id is not null;
create index messages_by_state on messages (state, id);
create index messages_by_provider on messages (provider_id) where provider_id is not null;
create index messages_of_texts on messages (recipients, id) where channel = 'text';

-- Texts that came in, once each. `message_id`: the one that they answer.
create table incoming_texts (
    id uuid primary key,
    provider_id text not null unique,
    sender text not null,
    recipient text not null,
    body text not null,
    received_at timestamptz not null,
    record_id uuid references records,
    message_id uuid references messages,
    event_id uuid references events
);
create index incoming_texts_by_message on incoming_texts (message_id) where message_id is not null;
create index incoming_texts_by_record on incoming_texts (record_id, id) where record_id is not null;

-- Who gets no messages to the people of records any more, and why. Addresses in lower case, numbers with + and digits.
create table suppressions (
    channel text not null check (channel in ('email', 'text')),
    address text not null,
    reason text not null check (reason in ('unsubscribed', 'bounced', 'complained', 'by_hand')),
    message_id uuid references messages,
    created_at timestamptz not null,
    created_by text not null default '',
    primary key (channel, address)
);

-- What files fields name.
create table files (
    id uuid primary key,
    name text not null,
    media_type text not null,
    size integer not null,
    content bytea not null,
    created_at timestamptz not null,
    created_by text not null default ''
);

-- What bulk starts and steps asked of executions, and their workflows are yet to be told. `id` is that of the request.
create table requests_to_tell (
    id text primary key,
    number bigint not null generated always as identity,
    execution_id uuid not null references executions,
    request jsonb not null,
    tell_at timestamptz not null
);
create index requests_to_tell_by_time on requests_to_tell (tell_at);
create index requests_to_tell_by_execution on requests_to_tell (execution_id, number);

insert into requests_to_tell (id, execution_id, request, tell_at)
select request ->> 'id', execution_id, request, tell_at from bulk_start_resumes;
drop table bulk_start_resumes;

-- migrate: rollback
create table bulk_start_resumes (
    bulk_start_id uuid not null references bulk_starts on delete cascade,
    execution_id uuid not null references executions,
    request jsonb not null,
    tell_at timestamptz not null,
    primary key (bulk_start_id, execution_id)
);
create index bulk_start_resumes_to_tell on bulk_start_resumes (tell_at);
drop table requests_to_tell, files, suppressions, incoming_texts, messages, message_templates, round_robins;
delete from notifications where place <> 0;
alter table notifications drop column place, add unique (execution_id, sequence);
alter table crm_activities drop column assigned_role, drop column execution_id;
alter table employees drop column phone;
