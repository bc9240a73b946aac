import { describe, expect, test } from 'vitest';
import { TrackedNames } from '../../src/pool/parameters.ts';
import { SessionStateRules } from '../../src/pool/session-state.ts';
import { sqlStatements } from '../../src/pool/sql-tokens.ts';

const rules = new SessionStateRules(new TrackedNames([]));
/** Of a bulk load. */
const rows = Array.from({ length: 12_000 }, (_, i) => `(${i}, 'abc', now())`).join(', ');

describe('the words of a text', () => {
  test.each([
    [
      "SELECT 'it''s', E'\\'', \"A\"\"b\", 12.5",
      ['select', "'", ',', "'", ',', 'A"b', ',', "'", '.', "'"],
    ],
    ['Ünder_1 $1 $tag$ ; $tag$ x', ['Ünder_1', '$', "'", "'", 'x']],
    ["/* a /* b */ c */ e'\\\\' -- d\n- /", ["'", '-', '/']],
    ["'open", ["'"]],
    ['"open', ['open']],
    ['/* open', []],
  ])('%s', (text, words) => {
    const tokens = sqlStatements(text).flat();
    expect(tokens.map(({ kind, text: word }) => (kind === 'literal' ? "'" : word))).toEqual(words);
    for (const { start, end } of tokens) expect(text.slice(start, end).trim()).not.toBe('');
  });
});

describe('what a text leaves behind in its session', () => {
  test.each([
    ['SET work_mem = 1', 'SET work_mem'],
    ['SELECT 1;set work_mem = 1', 'SET work_mem'],
    ['/* why */set work_mem = 1', 'SET work_mem'],
    ['-- why\nSET work_mem = 1', 'SET work_mem'],
    ['-- why\r SET work_mem = 1', 'SET work_mem'],
    ["load 'x'", 'LOAD'],
    ['SELECT 1;\tDECLARE c CURSOR WITH HOLD FOR SELECT 1', 'cursor WITH HOLD'],
    ['CREATE INDEX ON "pg_temp".x (a)', 'temporary object'],
    ['CREATE TEMPORARY VIEW v AS SELECT 1', 'temporary object'],
    ['EXPLAIN ANALYZE CREATE TEMP TABLE x AS SELECT 1', 'temporary object'],
    ['SELECT pg_catalog.pg_try_advisory_lock_shared(1)', 'session advisory lock'],
    ["SELECT Set_Config('a', 'b', false)", 'set_config'],
    ['SELECT "pg_advisory_lock"(99)', 'session advisory lock'],
    ["SELECT nextval('s')", 'value of a sequence'],
    ["SELECT pg_catalog.setval ('s', 4)", 'value of a sequence'],
    ["INSERT INTO t VALUES (currval('s'))", 'value of a sequence'],
    ['SELECT lastval(), random()', 'value of a sequence'],
    ['SELECT setseed(0.5)', 'setseed'],
    ['SELECT lastval, "nextval", "NEXTVAL"(1) FROM t', null],
    ['UPDATE t\nSET a = 1', null],
    ["SELECT '; SET a = 1'", null],
    [`INSERT INTO t VALUES ${rows}`, null],
    [`UPDATE t SET a = 1 WHERE (a, b, c) IN (${rows})`, null],
  ])('%.60s', (text, reason) => {
    expect(rules.reasonToKeep(text)).toBe(reason);
  });

  test('is taken for granted where looking would take too long', () => {
    expect(rules.reasonToKeep(`INSERT INTO temp VALUES ${rows}`)).toBe('text too long to look at');
  });
});
