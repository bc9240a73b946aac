-- Which table of the source was copied: another one may get its name later.
alter table sluice.pipeline_table add column source_oid oid;
