-- name: insert_object^
-- Nothing if the api_name is taken: then the object is replaced.
insert into objects (id, api_name, definition) values (:id, :api_name, :definition)
on conflict (api_name) do nothing
returning *;

-- name: lock_object^
-- Waits for those who write records by the old definition (`hold_object`), and lets no new ones begin.
select * from objects where api_name = :api_name for update;

-- name: hold_object^
-- The definition that a record is about to be written by may not change before that is done.
select * from objects where id = :id for key share;

-- name: update_object^
update objects set definition = :definition, revision = revision + 1, updated_at = now() where id = :id returning *;

-- name: read_object^
select * from objects where api_name = :api_name;

-- name: read_object_by_id^
select * from objects where id = :id;

-- name: list_objects
-- By api_name; the cursor is the last one of the page before.
select * from objects where api_name > coalesce(:cursor::text, '') order by api_name limit :size;

-- name: list_fields_in_use
-- Which of these fields hold a value in at least one record.
select field from unnest(:fields::text[]) field
where exists (select from records where object_id = :object_id and field_values ? field);

-- name: list_held_values
-- What records hold for a field, each value once.
select distinct field_values -> :field::text as held from records where object_id = :object_id and field_values ? :field::text;
