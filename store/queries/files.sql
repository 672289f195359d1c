-- name: insert_file^
insert into files (id, name, media_type, size, content, created_at, created_by)
values (:id, :name, :media_type, :size, :content, :now, :by)
returning id, name, media_type, size, created_at, created_by;

-- name: read_file^
select id, name, media_type, size, created_at, created_by from files where id = :id;

-- name: list_files
select id, name, media_type, size from files where id = any(:ids::uuid[]);

-- name: read_files
-- With what is in them.
select id, name, media_type, size, content from files where id = any(:ids::uuid[]);

-- name: delete_file^
delete from files where id = :id returning id, name, media_type, size, created_at, created_by;
