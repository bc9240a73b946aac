-- An expression whose bare column names mean the row also inside of a subquery, where another table may have a
-- column of that name: there `id` becomes `($1).id`, as the original has it.
create or replace function pgq._trigger_bind(expression text, columns text[])
returns text as $$
    select case
        when expression !~* E'\\y(select|from)\\y' then expression
        else (
            select pg_catalog.string_agg(
                       case when token.text[1] = any (columns)
                            then '($1).' || pg_catalog.quote_ident(token.text[1]) else token.text[1] end,
                       '' order by token.nr)
              from pg_catalog.regexp_matches(expression, pgq._trigger_tokens(), 'g') with ordinality as token (text, nr))
    end;
$$ language sql immutable;
