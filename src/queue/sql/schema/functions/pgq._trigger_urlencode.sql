-- Percent-encodes all but letters, digits and "_.-", byte by byte of the server's encoding; a blank becomes "+".
-- A character 1, which separates the values of a row, stays. One pass for each special character is faster than
-- one for each that occurs.
create or replace function pgq._trigger_urlencode(value text)
returns text as $$
begin
    value :=
        pg_catalog.replace(pg_catalog.replace(pg_catalog.replace(pg_catalog.replace(pg_catalog.replace(
        pg_catalog.replace(pg_catalog.replace(pg_catalog.replace(pg_catalog.replace(pg_catalog.replace(
        pg_catalog.replace(pg_catalog.replace(pg_catalog.replace(pg_catalog.replace(pg_catalog.replace(
        pg_catalog.replace(pg_catalog.replace(pg_catalog.replace(pg_catalog.replace(pg_catalog.replace(
        pg_catalog.replace(pg_catalog.replace(pg_catalog.replace(pg_catalog.replace(pg_catalog.replace(
        pg_catalog.replace(pg_catalog.replace(pg_catalog.replace(pg_catalog.replace(pg_catalog.replace(
        pg_catalog.replace(pg_catalog.replace(value
        , '%', '%25'), '+', '%2b'), ' ', '+'), '!', '%21'), '"', '%22'), '#', '%23'), '$', '%24')
        , '&', '%26'), '''', '%27'), '(', '%28'), ')', '%29'), '*', '%2a'), ',', '%2c'), '/', '%2f')
        , ':', '%3a'), ';', '%3b'), '<', '%3c'), '=', '%3d'), '>', '%3e'), '?', '%3f'), '@', '%40')
        , '[', '%5b'), E'\\', '%5c'), ']', '%5d'), '^', '%5e'), '`', '%60'), '{', '%7b'), '|', '%7c')
        , '}', '%7d'), '~', '%7e'), E'\n', '%0a'), E'\t', '%09');
    return case when value ~ E'[^\x01%+-~]' then pgq._trigger_urlencode_bytes(value) else value end;
end;
$$ language plpgsql stable;
