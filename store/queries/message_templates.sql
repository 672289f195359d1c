-- name: lock_message_template_name^
-- Of two saves, the second sees what the first made.
select pg_advisory_xact_lock(hashtextextended(:key, 0));

-- name: read_message_template^
select * from message_templates where api_name = :api_name;

-- name: insert_message_template^
insert into message_templates (id, api_name, channel, name, subject, body, html, created_at, updated_at)
values (:id, :api_name, :channel, :name, :subject, :body, :html, :now, :now)
returning *;

-- name: update_message_template^
update message_templates
set channel = :channel, name = :name, subject = :subject, body = :body, html = :html, revision = revision + 1, updated_at = :now
where api_name = :api_name
returning *;

-- name: list_message_templates
select * from message_templates
where (:channel::text is null or channel = :channel) and (:cursor::text is null or api_name > :cursor)
order by api_name
limit :size;

-- name: delete_message_template^
delete from message_templates where api_name = :api_name returning *;
