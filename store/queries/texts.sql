-- name: insert_incoming_text$
-- Providers tell of a text more than once; nothing is returned for one that is there.
insert into incoming_texts (id, provider_id, sender, recipient, body, received_at)
values (:id, :provider_id, :sender, :recipient, :body, :now)
on conflict (provider_id) do nothing
returning id;

-- name: place_incoming_text!
update incoming_texts set record_id = :record_id, message_id = :message_id, event_id = :event_id where id = :id;

-- name: find_last_text_to^
-- What the team is told is about a record, and nothing that its person could answer.
select m.id, m.record_id from messages m
where m.channel = 'text' and m.recipients = array[:number::text] and m.record_id is not null
  and not exists (
      select from step_runs s
      where s.execution_id = m.execution_id and s.sequence = m.sequence and s.step_type = 'notify_member_via_text'
  )
order by m.id desc
limit 1;

-- name: list_answers
select event_id, body from incoming_texts where message_id = :message_id and event_id is not null order by id;

-- name: list_contact_objects
select id, definition from objects where (definition ->> 'contact')::boolean order by id;

-- name: write_delivery!
update messages
set delivery = :delivery, updated_at = :now,
    error = case when :error::text is null then error
                 else jsonb_build_object('code', 'not_delivered', 'sentence', :error::text) end
where provider_id = :provider_id and channel = 'text'
  and (delivery is null or delivery not in ('delivered', 'undelivered', 'failed'));

-- name: list_incoming_texts
-- Newest first, a page at a time: the cursor is the last id of the page before.
with page as (
    (select * from incoming_texts
     where :record_id::uuid is null and id < coalesce(:cursor::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
     order by id desc limit :size)
    union all
    (select * from incoming_texts
     where record_id = :record_id and id < coalesce(:cursor::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
     order by id desc limit :size)
)
select * from page order by id desc;
