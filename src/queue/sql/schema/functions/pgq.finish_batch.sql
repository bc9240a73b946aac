-- Closes an open batch: 1, or 0 with a warning when nobody has it open (any more).
create or replace function pgq.finish_batch(x_batch_id bigint)
returns integer as $$
declare
    batch record;
begin
    for batch in select * from pgq._find_batch(x_batch_id) loop
        perform from pgq.subscriber s where s.sub_no = batch.sub_no for no key update;
    end loop;
    -- Again, as it is now that nobody else can change it.
    select * into batch from pgq._find_batch(x_batch_id);
    if not found then
        perform pgq._raise_stale_snapshot();
        raise warning 'finish_batch: batch % not found', x_batch_id;
        return 0;
    end if;
    perform pgq._append_position(batch.sub_no, batch.step, batch.next_tick, null, null);
    return 1;
end;
$$ language plpgsql security definer set search_path = pg_catalog, pg_temp
   set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_bitmapscan = off;
