-- Percent-encodes control characters and what is not ASCII; there is no backslash any more. Byte by byte, because a
-- long text may have thousands of different characters, but only some 150 such bytes.
create or replace function pgq._trigger_urlencode_bytes(value text)
returns text as $$
declare
    octal text;
    at int;
    control text;
begin
    loop
        control := pg_catalog.substring(value, E'[\x02-\x1f\x7f]');
        exit when control is null;
        value := pg_catalog.replace(
            value, control, '%' || pg_catalog.lpad(pg_catalog.to_hex(pg_catalog.ascii(control)), 2, '0'));
    end loop;
    value := pg_catalog.encode(pg_catalog.convert_to(value, pg_catalog.getdatabaseencoding()), 'escape');
    loop
        at := pg_catalog.strpos(value, E'\\');
        exit when at = 0;
        octal := pg_catalog.substr(value, at, 4);
        value := pg_catalog.replace(
            value, octal, '%' || pg_catalog.encode(pg_catalog.decode(octal, 'escape'), 'hex'));
    end loop;
    return value;
end;
$$ language plpgsql stable;
