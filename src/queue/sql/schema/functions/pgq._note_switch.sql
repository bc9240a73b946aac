-- The number must be above every transaction id that was given before the state was changed. This transaction's own
-- is not: setval() itself takes it first. A subtransaction's is new, and is found where it has written.
create or replace function pgq._note_switch(i_queue_id int4)
returns void as $$
declare
    epoch_size constant bigint := 4294967296;
    written bigint;
    switched bigint;
begin
    begin
        update pgq.queue q
           set queue_switch_step2 = txid_current()
         where q.queue_id = i_queue_id
        returning q.xmin::text::bigint into written;
    exception
        when raise_exception then
            raise;
    end;
    switched := txid_current() - txid_current() % epoch_size + written;
    if switched < txid_current() then
        switched := switched + epoch_size;
    end if;
    update pgq.queue q set queue_switch_step2 = switched where q.queue_id = i_queue_id;
end;
$$ language plpgsql set search_path = pg_catalog, pg_temp;
