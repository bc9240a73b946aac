import { describe, expect, it } from 'vitest';
import { orderByForeignKeys } from '../../src/catalog/index.ts';

function graph(edges: Record<string, string[]>) {
  const names = Object.keys(edges);
  return names.map((name) => ({
    schema: 's',
    name,
    oid: names.indexOf(name) + 1,
    foreignKeys: (edges[name] ?? []).map((to) => ({ referencedOid: names.indexOf(to) + 1 })),
  }));
}

function order(edges: Record<string, string[]>): { tables: string[]; cycles: string[][] } {
  const { tables, cycles } = orderByForeignKeys(graph(edges));
  return {
    tables: tables.map((table) => table.name),
    cycles: cycles.map((group) => group.map((table) => table.name)),
  };
}

describe('the order of tables by foreign keys', () => {
  it('puts parents first, otherwise by name', () => {
    expect(order({ a: ['c'], b: [], c: ['d', 'b'], d: [] })).toEqual({
      tables: ['d', 'b', 'c', 'a'],
      cycles: [],
    });
  });

  it('keeps the tables of a cycle together, between its parents and its children', () => {
    expect(order({ a: ['x'], x: ['y'], y: ['z'], z: ['x', 'p'], p: [] })).toEqual({
      tables: ['p', 'x', 'y', 'z', 'a'],
      cycles: [['x', 'y', 'z']],
    });
  });

  it('reports a table that references itself', () => {
    expect(order({ t: ['t'] })).toEqual({ tables: ['t'], cycles: [['t']] });
  });

  it('ignores keys to tables that are not moved', () => {
    expect(order({ t: ['elsewhere'] }).cycles).toEqual([]);
  });
});
