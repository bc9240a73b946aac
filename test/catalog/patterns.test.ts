import { describe, expect, it } from 'vitest';
import { compilePatterns } from '../../src/catalog/index.ts';

const tables = [
  'public.orders',
  'public.order_lines',
  'public.audit_2024',
  'shop.Orders',
  'shop.a.b',
  'shop.we"ird',
  'shop.a*',
].map((text) => {
  const dot = text.indexOf('.');
  return { schema: text.slice(0, dot), name: text.slice(dot + 1) };
});

function selected(...patterns: string[]): string[] {
  const filter = compilePatterns(patterns);
  return tables
    .filter((table) => filter.includes(table) && !filter.excludes(table))
    .map((table) => `${table.schema}.${table.name}`);
}

describe('table patterns', () => {
  it.each([
    [
      ['public.*', '!public.audit_*'],
      ['public.orders', 'public.order_lines'],
    ],
    [
      ['!public.audit_*', 'public.*'],
      ['public.orders', 'public.order_lines'],
    ],
    [['PUBLIC.Order?'], ['public.orders']],
    [['shop.Orders'], []],
    [['shop."Orders"'], ['shop.Orders']],
    [['shop."a.b"'], ['shop.a.b']],
    [['"shop"."we""ird"'], ['shop.we"ird']],
    [['shop."a*"'], ['shop.a*']],
    [['shop.a*'], ['shop.a.b', 'shop.a*']],
    [['*.*rder*'], ['public.orders', 'public.order_lines', 'shop.Orders']],
    [['public.order_"li"*'], ['public.order_lines']],
    [
      [' ! shop.* ', '*'],
      ['public.orders', 'public.order_lines', 'public.audit_2024'],
    ],
  ])('%j selects %j', (patterns, expected) => {
    expect(selected(...patterns)).toEqual(expected);
  });

  it('selects everything without patterns, or with exclusions only', () => {
    expect(selected()).toHaveLength(tables.length);
    expect(selected('!shop.*')).toHaveLength(3);
  });

  it('names the patterns that select nothing', () => {
    const filter = compilePatterns(['public.*', 'public.oders', '!x.*']);
    expect(filter.unmatched(tables)).toEqual(['public.oders']);
  });

  it.each(['orders', 'a.b.c', '', '!', 'a.', '.b', 'a."b', 'a b.c', '"".x'])(
    'refuses %j',
    (pattern) => {
      expect(() => compilePatterns([pattern])).toThrow(
        expect.objectContaining({ code: 'CATALOG_PATTERN' }),
      );
    },
  );
});
