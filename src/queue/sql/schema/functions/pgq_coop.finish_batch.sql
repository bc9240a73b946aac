-- Closes a sub-consumer's batch, whoever has it now: 1, or 0 with a warning when it is not open (any more).
create or replace function pgq_coop.finish_batch(i_batch_id bigint)
returns integer as $$
declare
    batch record;
    locked int4;
begin
    loop
        select * into batch from pgq._find_batch(i_batch_id);
        if not found then
            perform pgq._raise_stale_snapshot();
            raise warning 'coop_finish_batch: batch % not found', i_batch_id;
            return 0;
        end if;
        exit when batch.sub_no = locked;
        -- Then again, as it is now that nobody else can change it; a sibling may have taken it over.
        perform from pgq.subscriber s where s.sub_no = batch.sub_no for no key update;
        locked := batch.sub_no;
    end loop;
    perform pgq._append_position(batch.sub_no, batch.step, null, null, null);
    return 1;
end;
$$ language plpgsql security definer set search_path = pg_catalog, pg_temp;
