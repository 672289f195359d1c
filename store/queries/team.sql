-- name: read_business^
-- There is one row, made with its table.
select name, timezone, locale, calendar, operations_email from business;

-- name: lock_business^
-- What is planned by timezone and calendar is planned anew if they change: nobody may change them in between.
select name, timezone, locale, calendar, operations_email from business for update;

-- name: update_business!
update business set name = :name, timezone = :timezone, locale = :locale, calendar = :calendar,
    operations_email = :operations_email;

-- name: put_employee^
-- An address is one employee, whatever its case.
insert into employees (id, name, email, roles, active, phone) values (:id, :name, :email, :roles, :active, :phone)
on conflict (lower(email)) do update
set name = excluded.name, email = excluded.email, roles = excluded.roles, active = excluded.active, phone = excluded.phone
returning *;

-- name: list_employees
-- By address; the cursor is the last address of the page before, in lower case.
select * from employees where lower(email) > coalesce(:cursor::text, '') order by lower(email) limit :size;

-- name: list_employees_by_ids
select * from employees where id = any(:ids::uuid[]) order by id;

-- name: list_employees_by_role
-- Only those who are there; the order is the same each time, so that they can take turns.
select * from employees where roles @> array[:role::text] and active order by id;

-- name: find_employee_by_email^
select * from employees where lower(email) = lower(:email);

-- name: list_known_employees
-- Who of these is an employee, asked by id or by address.
select id, lower(email) as email from employees where id = any(:ids::uuid[]) or lower(email) = any(:emails::text[]);

-- name: find_last_active^
-- Who logged or completed the newest crm activity of a record, of those who are there: whom it was assigned to, else who did it.
select e.*
from crm_activities a
join employees e on e.id = a.assigned_to or (a.assigned_to is null and lower(e.email) = lower(a.by))
where a.record_id = :record_id and a.status = 'completed' and e.active and (:role::text is null or e.roles @> array[:role::text])
order by a.completed_at desc, a.id desc
limit 1;

-- name: list_active_employees
-- All who are there, in an order that stays, so that they can take turns.
select * from employees where active order by id;

-- name: lock_turns^
-- Held until the end of the transaction, so that no two executions have the same turn. The first one finds no row, and writes it.
insert into round_robins (automation_id, step_id, last_employee, turns) values (:automation_id, :step_id, :first, 0)
on conflict (automation_id, step_id) do update set turns = round_robins.turns
returning last_employee, turns;

-- name: write_turn!
update round_robins set last_employee = :employee, turns = turns + 1 where automation_id = :automation_id and step_id = :step_id;
