-- Sends each change as a row in `col=value&col2=value2`.
--
-- Stable, so that expressions see the database as the statement does that fired it.
create or replace function pgq.logutriga()
returns trigger as $$
declare
    skips boolean := false;
begin
    if pg_catalog.current_setting('session_replication_role') = 'local' then
        null;
    elsif TG_LEVEL = 'STATEMENT' then
        skips := pgq._trigger_log_statement(
            'url', TG_OP, TG_WHEN, TG_RELID, TG_TABLE_SCHEMA, TG_TABLE_NAME, TG_ARGV);
    elsif TG_OP = 'INSERT' then
        skips := pgq._trigger_log(
            'url', TG_OP, TG_WHEN, TG_RELID, TG_TABLE_SCHEMA, TG_TABLE_NAME, TG_ARGV, NEW, NEW);
    elsif TG_OP = 'UPDATE' then
        skips := pgq._trigger_log(
            'url', TG_OP, TG_WHEN, TG_RELID, TG_TABLE_SCHEMA, TG_TABLE_NAME, TG_ARGV, OLD, NEW);
    else
        skips := pgq._trigger_log(
            'url', TG_OP, TG_WHEN, TG_RELID, TG_TABLE_SCHEMA, TG_TABLE_NAME, TG_ARGV, OLD, OLD);
    end if;
    if skips then
        return null;
    elsif TG_OP = 'DELETE' then
        return OLD;
    end if;
    return NEW;
end;
$$ language plpgsql stable;
