/** The workload's tables, by the trait that makes each one interesting to a copier of changes. */
export const workloadTables = [
  'work.plain',
  'work.composite',
  'work.identity_full',
  'work.identity_index',
  'work.keyless',
  'work.generated',
  'work.counted',
  'work.types',
  'work.events',
  'work.parent',
  'work.child',
  'work.places',
  '"Odd Schema"."Ta""ble"',
] as const;

export type WorkloadTable = (typeof workloadTables)[number];

/** Publishing these for UPDATE and DELETE would make the application's own statements fail. */
export const insertOnlyTables: readonly WorkloadTable[] = ['work.keyless'];

export interface SchemaOptions {
  readonly major: number;
  /** The same tables with columns in another order and other gaps of dropped columns, as on a target
   *  that was not made by a file-level copy. */
  readonly isReordered?: boolean;
}

/** SQL that makes the workload's tables, empty. */
export function workloadSchema({ major, isReordered = false }: SchemaOptions): string {
  const gap = isReordered ? 'gap_a text, gap_b int,' : 'gap_a int,';
  const dropGap = isReordered
    ? 'ALTER TABLE work.plain DROP COLUMN gap_a, DROP COLUMN gap_b;'
    : 'ALTER TABLE work.plain DROP COLUMN gap_a;';
  const plainColumns = ['a int', 'b text', 'big text', 'n numeric', 'at timestamptz'];
  const virtual = major >= 18 ? ', twice int GENERATED ALWAYS AS (a * 2) VIRTUAL' : '';
  return `
CREATE SCHEMA work;
CREATE SCHEMA "Odd Schema";

CREATE TABLE work.plain (
  id int PRIMARY KEY, ${gap} ${(isReordered ? plainColumns.toReversed() : plainColumns).join(', ')}
);
${dropGap}
CREATE INDEX plain_a ON work.plain (a);
CREATE INDEX plain_b ON work.plain (lower(b)) WHERE a > 0;

CREATE TABLE work.composite (
  region text, id bigint, name text, amount numeric(12, 2), note text,
  PRIMARY KEY (id, region)
);

CREATE TABLE work.identity_full (a int, b text, c float8, big text);
ALTER TABLE work.identity_full REPLICA IDENTITY FULL;

CREATE TABLE work.identity_index (
  code text NOT NULL, version int NOT NULL, label text, tag int UNIQUE, body text
);
CREATE UNIQUE INDEX identity_index_code ON work.identity_index (code, version);
ALTER TABLE work.identity_index REPLICA IDENTITY USING INDEX identity_index_code;

CREATE TABLE work.keyless (a int, b text);

CREATE TABLE work.generated (
  id int PRIMARY KEY, a int, b int,
  total int GENERATED ALWAYS AS (a + b) STORED${virtual}
);

CREATE TABLE work.counted (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text, serial_no serial
);

CREATE TYPE work.mood AS ENUM ('sad', 'ok', 'happy');
CREATE TYPE work.money_of AS (amount numeric, currency text);
CREATE DOMAIN work.positive AS int CHECK (VALUE > 0);
CREATE TYPE work.float_range AS RANGE (subtype = float8);
CREATE TABLE work.types (
  id uuid PRIMARY KEY, flags bool[], names text[], grid int[][], mood work.mood, moods work.mood[],
  price work.money_of, prices work.money_of[], size work.positive, doc jsonb, raw json, during tstzrange,
  spread int4multirange, floats work.float_range, bytes bytea, every interval, address inet, bits bit varying,
  f4 float4, f8 float8, n numeric, padded char(8), born date, clock timetz, words tsvector, spot point
);

CREATE TABLE work.events (
  id int, day date, kind text, payload text, PRIMARY KEY (id, day)
) PARTITION BY RANGE (day);
CREATE TABLE work.events_old PARTITION OF work.events
  FOR VALUES FROM (MINVALUE) TO ('2026-01-01');
CREATE TABLE work.events_new PARTITION OF work.events
  FOR VALUES FROM ('2026-01-01') TO ('2027-01-01') PARTITION BY RANGE (id);
CREATE TABLE work.events_new_a PARTITION OF work.events_new FOR VALUES FROM (MINVALUE) TO (20);
CREATE TABLE work.events_new_rest PARTITION OF work.events_new DEFAULT;
CREATE TABLE work.events_rest PARTITION OF work.events DEFAULT;

CREATE TABLE work.parent (id int PRIMARY KEY, name text);
CREATE TABLE work.child (
  id int PRIMARY KEY,
  parent_id int REFERENCES work.parent ON DELETE CASCADE ON UPDATE CASCADE,
  note text
);

CREATE TABLE work.places (
  id int PRIMARY KEY, seat int UNIQUE, rank int UNIQUE DEFERRABLE INITIALLY IMMEDIATE, who text
);

CREATE TABLE "Odd Schema"."Ta""ble" (
  "order" int PRIMARY KEY, "Sp ace" text, "quo""te" text, "select" bool, "ünïcode" text
);
`;
}
