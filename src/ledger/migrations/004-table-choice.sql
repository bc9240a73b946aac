-- Which tables the pipeline was told to move, as of its last start: whoever compares goes by it.
alter table sluice.pipeline
  add column tables text[],
  add column tables_without_key text;
