-- One log, when it is due.
select pgq_ext.maint_compact() = 1 as has_more
