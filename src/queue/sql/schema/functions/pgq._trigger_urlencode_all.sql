-- Percent-encodes texts all at once, which is faster; null comes out as ''.
create or replace function pgq._trigger_urlencode_all(texts text[])
returns text[] as $$
declare
    joined text := pg_catalog.array_to_string(texts, E'\x01', '');
    encoded text[];
begin
    if joined = '' then
        return array['']; -- one text, or none
    elsif joined !~ E'[^0-9A-Za-z_.\x01-]' then
        return pg_catalog.string_to_array(joined, E'\x01');
    end if;
    encoded := pg_catalog.string_to_array(pgq._trigger_urlencode(joined), E'\x01');
    if pg_catalog.cardinality(encoded) > pg_catalog.cardinality(texts) then
        encoded := array(
            select pg_catalog.replace(pgq._trigger_urlencode(coalesce(t.text, '')), E'\x01', '%01')
              from pg_catalog.unnest(texts) with ordinality as t (text, nr)
             order by t.nr);
    end if;
    return encoded;
end;
$$ language plpgsql stable;
