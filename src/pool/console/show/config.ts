import { configRows } from '../../config/index.ts';
import type { Show } from '../command.ts';
import { columns } from '../values.ts';

export const showConfig: Show = {
  name: 'CONFIG',
  columns: columns('key value default changeable'),
  rows: ({ pooler }) =>
    configRows(pooler.config).map((row) => [
      row.key,
      row.value,
      row.default,
      row.changeable ? 'yes' : 'no',
    ]),
};
