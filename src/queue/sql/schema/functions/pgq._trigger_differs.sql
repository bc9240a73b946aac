-- Whether two values of which the text differs are different to the equality of their type; null when the text
-- does not say, as with citext.
create or replace function pgq._trigger_differs(type_id oid, old_value text, new_value text)
returns boolean as $$
    select case
        when old_value is null or new_value is null then true
        when type_id in (16, 17, 18, 20, 21, 23, 25, 26, 114, 1043, 1082, 1083, 1114, 1184, 2950) then true
        when type_id = 1042 then old_value::bpchar <> new_value::bpchar
        when type_id = 1700 then old_value::numeric <> new_value::numeric
        when type_id in (700, 701) then old_value::float8 <> new_value::float8
        when type_id = 3802 then old_value::jsonb <> new_value::jsonb
    end;
$$ language sql immutable;
