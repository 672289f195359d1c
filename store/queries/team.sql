-- name: read_business^
-- There is one row, made with its table.
select name, timezone, locale, calendar from business;

-- name: lock_business^
-- What is planned by timezone and calendar is planned anew if they change: nobody may change them in between.
select name, timezone, locale, calendar from business for update;

-- name: update_business!
update business set name = :name, timezone = :timezone, locale = :locale, calendar = :calendar;

-- name: put_employee^
-- An address is one employee, whatever its case.
insert into employees (id, name, email, roles, active) values (:id, :name, :email, :roles, :active)
on conflict (lower(email)) do update
set name = excluded.name, email = excluded.email, roles = excluded.roles, active = excluded.active
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
