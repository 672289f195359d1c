-- name: put_secret^
-- What is sealed is given out only where it is used.
insert into secrets (name, sealed, created_at, updated_at, updated_by)
values (:name, :sealed, :now, :now, :updated_by)
on conflict (name) do update
set sealed = excluded.sealed, updated_at = excluded.updated_at, updated_by = excluded.updated_by
returning name, created_at, updated_at, updated_by, created_at = updated_at as is_new;

-- name: read_secrets
-- For a step that is about to use them.
select name, sealed from secrets where name = any(:names::text[]);

-- name: existing_secrets
-- Which of the names that a document uses there are.
select name from secrets where name = any(:names::text[]);

-- name: list_secrets
select name, created_at, updated_at, updated_by from secrets
where :cursor::text is null or name > :cursor
order by name
limit :size;

-- name: delete_secret$
delete from secrets where name = :name returning true;

-- name: documents_with_secrets
-- Candidates only: which names they use is read in their texts.
select api_name, document from automations
where deleted_at is null and document::text like '%secrets%'
order by api_name;

-- name: lock_secrets_unlike
-- All of them in turn, for a new first key.
select name, sealed from secrets
where name > :after and substring(sealed from 1 for octet_length(:mark::bytea)) <> :mark::bytea
order by name
limit :size
for update;

-- name: reseal_secret!
-- No change for people: when it was set and by whom stays.
update secrets set sealed = :sealed where name = :name;
