-- A whole row as logutriga or jsontriga sends it; sqltriga's backup is logutriga's.
create or replace function pgq._trigger_row(
    encoding text, names text[], types oid[], row_values text[], row_json json, hidden text[])
returns text as $$
    select case
        when encoding = 'json' and row_values is null then '{}'
        when encoding = 'json' then pgq._trigger_json_row(names, types, row_values, row_json, hidden)
        when row_values is null then ''
        else pgq._trigger_url_row(names, row_values, hidden)
    end;
$$ language sql stable;
