-- A sequence's last value, without taking one.
create or replace function pgq.seq_getval(i_seq_name text)
returns bigint as $$
declare
    res bigint;
begin
    execute 'select last_value from ' || pgq.quote_fqname(i_seq_name) into res;
    return res;
end;
$$ language plpgsql strict;
