-- Inserts an event unless there is none (`fields` is null, as when= has found).
create or replace function pgq._trigger_insert(queue text, fields text[])
returns void as $$
declare
    event_id bigint;
begin
    if fields is not null then
        event_id := pgq.insert_event(queue, fields[1], fields[2], fields[3], fields[4], fields[5], fields[6]);
    end if;
end;
$$ language plpgsql stable;
