-- name: insert_automation$
insert into automations (id, api_name, object_id, active, activated_at, document)
values (:id, :api_name, :object_id, :active, case when :active then :now::timestamptz end, :document)
on conflict (api_name) where deleted_at is null do nothing
returning id;

-- name: update_automation$
-- The whole document at once, and only over the revision that its author saw.
update automations
set object_id = :object_id, document = :document, revision = revision + 1, updated_at = :now, active = :active,
    warnings = '{}', activated_at = case when :active and not active then :now::timestamptz when :active then activated_at end
where id = :id and revision = :revision
returning revision;

-- name: insert_revision!
insert into automation_revisions (automation_id, revision, document) values (:automation_id, :revision, :document);

-- name: read_automation^
select * from automations where api_name = :api_name and deleted_at is null;

-- name: lock_automation^
-- No key: a step that starts an execution of it holds its own execution, and must not wait here for a save that waits for that.
select * from automations where api_name = :api_name and deleted_at is null for no key update;

-- name: list_automations
select * from automations
where deleted_at is null and (:object_id::uuid is null or object_id = :object_id) and (:cursor::text is null or api_name > :cursor)
order by api_name
limit :size;

-- name: read_document$
select document from automation_revisions where automation_id = :automation_id and revision = :revision;

-- name: set_active^
-- Listening begins or ends at once; saying it twice changes nothing. The document says the same.
update automations
set active = :active, activated_at = case when :active then :now::timestamptz end, updated_at = :now,
    document = document || jsonb_build_object('active', :active::boolean)
where api_name = :api_name and deleted_at is null and active <> :active
returning *;

-- name: list_existing_automations
select api_name from automations where api_name = any(:api_names::text[]) and deleted_at is null;
