-- setval() that does not go back.
create or replace function pgq.seq_setval(i_seq_name text, i_new_value int8)
returns bigint as $$
declare
    res bigint := pgq.seq_getval(i_seq_name);
begin
    if res < i_new_value then
        res := pg_catalog.setval(pgq.quote_fqname(i_seq_name)::pg_catalog.regclass, i_new_value);
    end if;
    return res;
end;
$$ language plpgsql strict;
