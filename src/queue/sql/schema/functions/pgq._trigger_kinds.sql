-- The options of logtriga: a letter for each column, k of the key, i ignored, others sent; columns that have no
-- letter any more are ignored.
create or replace function pgq._trigger_kinds(kinds text, names text[], out ignored text[], out key text[])
as $$
declare
    problem text := case
        when pg_catalog.strpos(kinds, 'k') = 0 then 'need at least one key column'
        when pg_catalog.strpos(pg_catalog.substr(kinds, pg_catalog.cardinality(names) + 1), 'k') > 0 then
            'key column does not exist'
    end;
begin
    if problem is not null then
        raise exception using errcode = 'XX000', message = problem;
    end if;
    select array_agg(c.name) filter (where c.kind in ('i', '')), array_agg(c.name) filter (where c.kind = 'k')
      into ignored, key
      from (select n.name, substr(kinds, n.nr::int, 1) as kind
              from unnest(names) with ordinality as n (name, nr)
             order by n.nr) c;
end;
$$ language plpgsql stable set search_path = pg_catalog, pg_temp;
