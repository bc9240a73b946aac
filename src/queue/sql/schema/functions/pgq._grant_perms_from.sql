-- Gives one table the grants of another.
create or replace function pgq._grant_perms_from(src_schema text, src_table text, dst_schema text, dst_table text)
returns integer as $$
declare
    priv record;
begin
    for priv in
        select p.grantee, p.privilege_type, p.is_grantable = 'YES' as is_grantable
          from information_schema.table_privileges p
         where p.table_schema = src_schema
           and p.table_name = src_table
    loop
        execute format('grant %s on %I.%I to %s%s', priv.privilege_type, dst_schema, dst_table,
            case priv.grantee when 'PUBLIC' then 'public' else quote_ident(priv.grantee) end,
            case when priv.is_grantable then ' with grant option' else '' end);
    end loop;
    return 1;
end;
$$ language plpgsql strict set search_path = pg_catalog, pg_temp;
