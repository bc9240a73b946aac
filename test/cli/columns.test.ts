import { expect, test } from 'vitest';
import { formatColumns } from '../../src/cli/columns.ts';

test('columns are aligned, whatever the names hold', () => {
  expect(
    formatColumns([
      ['name', 'state', ''],
      ['顧客', 'ready', 'x'],
      ['a\nb', 'copying', 'y'],
    ]),
  ).toBe('name  state\n顧客  ready    x\na b   copying  y\n');
});
