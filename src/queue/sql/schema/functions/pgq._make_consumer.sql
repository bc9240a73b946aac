-- The number of a consumer's name. Its row stays locked: an unregistration must not take the name away.
create or replace function pgq._make_consumer(i_consumer_name text)
returns int4 as $$
declare
    id int4;
begin
    select c.co_id into id from pgq.consumer c where c.co_name = i_consumer_name for update;
    if not found then
        insert into pgq.consumer (co_name) values (i_consumer_name) returning co_id into id;
    end if;
    return id;
end;
$$ language plpgsql;
