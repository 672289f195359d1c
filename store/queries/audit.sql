-- name: insert_audits*!
-- One for each thing that was acted on.
insert into audit (id, at, key_id, actor, action, kind, target, why, before, after, request_id)
values (:id, :at, :key_id, :actor, :action, :kind, :target, :why, :before, :after, :request_id);

-- name: read_audit^
select a.*, k.name as key_name, false as shortened from audit a left join api_keys k on k.id = a.key_id where a.id = :id;

-- name: list_audit
-- Newest first.
-- What is large is left to those who ask for one entry: documents are kept whole.
select a.id, a.at, a.key_id, a.actor, a.action, a.kind, a.target, a.why, a.request_id, k.name as key_name,
       case when pg_column_size(a.before) <= :shown_bytes then a.before end as before,
       case when pg_column_size(a.after) <= :shown_bytes then a.after end as after,
       coalesce(pg_column_size(a.before), 0) > :shown_bytes or coalesce(pg_column_size(a.after), 0) > :shown_bytes as shortened
from audit a
left join api_keys k on k.id = a.key_id
where (:kind::text is null or a.kind = :kind)
  and (:target::text is null or a.target = :target)
  and (:action::text is null or a.action = :action)
  and (:key_id::uuid is null or a.key_id = :key_id)
  and (:since::timestamptz is null or a.at >= :since)
  and (:until::timestamptz is null or a.at < :until)
  and (:cursor::uuid is null or a.id < :cursor)
order by a.id desc
limit :size;
