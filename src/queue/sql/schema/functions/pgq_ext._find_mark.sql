-- Nulls where nothing is tracked.
create or replace function pgq_ext._find_mark(
    in i_kind text,
    in i_consumer text,
    in i_subconsumer text,
    out track_no int4,
    out step bigint,
    out value bigint)
as $$
begin
    select t.track_no, m.mark_step, m.mark_value into track_no, step, value
      from pgq_ext.tracked t
      left join lateral (
             select * from pgq_ext.mark_log l
              where l.mark_tracked = t.track_no
              order by l.mark_step desc
              limit 1) m on true
     where t.consumer_id operator(pg_catalog.=) i_consumer
       and t.subconsumer_id operator(pg_catalog.=) i_subconsumer
       and t.track_kind operator(pg_catalog.=) i_kind;
    if track_no is not null and step is null then
        perform pgq_ext._raise_stale_snapshot();
    end if;
end;
$$ language plpgsql;
