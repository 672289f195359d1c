-- name: insert_automation$
insert into automations (id, api_name, object_id, active, activated_at, document)
values (:id, :api_name, :object_id, :active, case when :active then :now::timestamptz end, :document)
on conflict (api_name) where deleted_at is null do nothing
returning id;

-- name: update_automation$
-- The whole document at once, and only over the revision that its author saw.
with ended as (
    insert into activations (automation_id, activated_at, deactivated_at)
    select id, activated_at, :now from automations
    where id = :id and revision = :revision and active and not :active
    on conflict do nothing
)
update automations
set object_id = :object_id, document = :document, revision = revision + 1, updated_at = :now, active = :active,
    warnings = '{}', activated_at = case when :active and not active then :now::timestamptz when :active then activated_at end
where id = :id and revision = :revision
returning revision;

-- name: insert_revision!
insert into automation_revisions (automation_id, revision, document) values (:automation_id, :revision, :document);

-- name: read_automation^
select * from automations where api_name = :api_name and deleted_at is null;

-- name: read_automation_by_id^
-- Deleted or not: what its executions go by.
select * from automations where id = :id;

-- name: lock_automation^
-- No key: a step that starts an execution of it holds its own execution, and must not wait here for a save that waits for that.
select * from automations where api_name = :api_name and deleted_at is null for no key update;

-- name: list_automations
-- By api_name, by name or the last changed first; the cursor is the api_name of the last one of the page before, with what it is sorted by.
select *, lower(document ->> 'name') as sorted_name from automations
where deleted_at is null
  and (:reached::uuid[] is null or id = any(:reached))
  and (:object::text is null or object_id = (select id from objects where api_name = :object))
  and (:active::boolean is null or active = :active)
  and (:name::text is null or strpos(lower(document ->> 'name'), lower(:name)) > 0)
  and (:webhook::boolean is null or coalesce(document -> 'triggers' @> '[{"type": "webhook"}]', false) = :webhook)
  and (:cursor::text is null or case :sort::text
      when 'name' then (lower(document ->> 'name'), api_name) > (:after_name::text, :cursor)
      when '-updated_at' then updated_at < :after_time::timestamptz or (updated_at = :after_time and api_name > :cursor)
      else api_name > :cursor
  end)
order by case when :sort = 'name' then lower(document ->> 'name') end,
         case when :sort = '-updated_at' then updated_at end desc,
         api_name
limit :size;

-- name: read_document$
select document from automation_revisions where automation_id = :automation_id and revision = :revision;

-- name: set_active^
-- Listening begins or ends at once; saying it twice changes nothing. The document says the same.
with ended as (
    insert into activations (automation_id, activated_at, deactivated_at)
    select id, activated_at, :now from automations
    where api_name = :api_name and deleted_at is null and active and not :active
    on conflict do nothing
)
update automations
set active = :active, activated_at = case when :active then :now::timestamptz end, updated_at = :now,
    document = document || jsonb_build_object('active', :active::boolean)
where api_name = :api_name and deleted_at is null and active <> :active
returning *;

-- name: list_existing_automations
select api_name from automations where api_name = any(:api_names::text[]) and deleted_at is null;

-- name: delete_automation^
-- Its name is free from now on; the row stays for its executions.
update automations
set deleted_at = :now, active = false, updated_at = :now, document = document || '{"active": false}', warnings = '{}'
where id = :id and deleted_at is null
returning *;

-- name: count_open_executions$
select count(*) from executions where automation_id = :automation_id and finished_at is null;

-- name: ask_to_cancel
-- Each open execution of an automation, unless a cancel stands there already. In the order in which all lock several of them.
with found as (
    select id from executions where automation_id = :automation_id and finished_at is null order by id for update
), asked as (
    update executions e
    set request = :request::jsonb || jsonb_build_object('id', :request_id::text || ':' || e.id), version = version + 1, updated_at = :now, requested_at = now()
    from found
    where e.id = found.id and coalesce(e.request ->> 'kind', '') <> 'cancel'
    returning e.id, e.workflow_id, e.workflow_started, e.start_request, e.priority, e.request
), kept as (
    insert into execution_requests (id, execution_id, kind, asked_by, why, asked_at)
    select gen_random_uuid(), id, 'cancel', :asked_by, :why, :now from asked
)
select * from asked order by id;

-- name: end_bulk_starts_of_automation!
update bulk_starts set state = 'canceled', reason = :reason, updated_at = :now, finished_at = :now
where automation_id = :automation_id and finished_at is null;

-- name: delete_webhook_secrets_of_automation!
delete from webhook_secrets where automation_id = :automation_id;
