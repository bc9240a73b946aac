-- pgq._trigger_values() for a row of any width: a column is in quotes, with quotes and backslashes inside doubled,
-- or bare, or nothing at all when it is null.
create or replace function pgq._trigger_split(row_text text)
returns text[] as $$
    select pg_catalog.array_agg(
               case when cells[1] is null then nullif(cells[2], '')
                    else pg_catalog.replace(pg_catalog.replace(cells[1], '""', '"'), E'\\\\', E'\\')
               end order by nr)
      from pg_catalog.regexp_matches(
               pg_catalog.left(row_text, -1), E'[(,](?:"((?:[^"\\\\]|""|\\\\\\\\)*)"|([^,"]*))', 'g')
           with ordinality as columns (cells, nr);
$$ language sql stable;
