-- A regular expression for a token of SQL: of its alternatives the longest counts.
create or replace function pgq._trigger_tokens()
returns text as $body$
    select '(' || pg_catalog.array_to_string(array[
        E'[eE]\'([^\'\\\\]|\'\'|\\\\.)*\'', -- E'it\'s'
        E'\'([^\']|\'\')*\'', -- 'it''s'
        E'\\$\\$([^$]|\\$[^$])*\\$\\$', -- $$it's$$
        E'--[^\n]*',
        E'/\\*([^*]|\\*+[^*/])*\\*+/',
        E'("([^"]|"")*"|[[:alpha:]_][[:alnum:]_$]*)(\\s*\\.\\s*("([^"]|"")*"|[[:alpha:]_][[:alnum:]_$]*|\\*))*', -- t.id
        E'.|\n'], '|') || ')';
$body$ language sql immutable;
