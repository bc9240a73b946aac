import { beforeAll, describe, expect, test } from 'vitest';
import { makeShop } from '../../src/demo/shop/make-shop.ts';
import { leastRows, planShop } from '../../src/demo/shop/size.ts';
import { business } from '../../src/demo/writer/business.ts';
import { emptyBaskets, stocktaking } from '../../src/demo/writer/rare.ts';
import { ShopWriter } from '../../src/demo/writer/shop-writer.ts';
import { Till } from '../../src/demo/writer/transaction.ts';
import { silentProgress } from '../../src/service/index.ts';
import { anyMajor, postgres, waitFor, type TestDatabase } from '../kit/index.ts';
import { describeService } from '../service/conformance.ts';

const server = postgres(anyMajor);
const size = planShop(leastRows);
const { signal } = new AbortController();
let shop: TestDatabase;

beforeAll(async () => {
  shop = await server.database();
  await makeShop(shop.url, size, silentProgress.task('shop'), signal);
});

function openShop(): ShopWriter {
  return new ShopWriter({ url: shop.url, size, transactionsPerSecond: 1000 });
}

test('a shop has about as many rows as asked for', async () => {
  const made = await shop.value<number>(
    `select sum((xpath('/row/n/text()', query_to_xml('select count(*) as n from ' || oid::regclass, true, true, '')))[1]::text::int)::int
     from pg_class where relnamespace = 'shop'::regnamespace and relkind = 'r'`,
  );
  expect(made).toBeGreaterThan(0.95 * leastRows);
  expect(made).toBeLessThan(1.05 * leastRows);
});

describe('every transaction of a shop', () => {
  test.each([...business, stocktaking, emptyBaskets])(
    'changes rows: $name',
    async (transaction) => {
      const client = await shop.client();
      const till = new Till(client, size);
      // Some pick a row that another one has deleted.
      await waitFor('a changed row', async () => {
        await client.query('begin');
        const rows = await transaction.run(till);
        await client.query('rollback');
        return rows > 0;
      });
    },
  );
});

test('an open shop commits until it is closed', async () => {
  const writer = openShop();
  writer.start();
  await waitFor('a hundred transactions', () => writer.transactions > 100);
  await writer.perform([stocktaking, emptyBaskets], signal);
  await writer.stop();
  expect(writer.rows).toBeGreaterThan(writer.transactions);
  expect(await shop.value(`select count(*)::int from shop.coupon where percent = 99`)).toBe(0);
  expect(await shop.leaks()).toEqual([]);
});

test('a shop whose connection is lost says so', async () => {
  const writer = openShop();
  writer.start();
  await writer.ready;
  await shop.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
     where application_name = 'till' limit 1`,
  );
  await expect(writer.finished).rejects.toThrow();
  await waitFor('the other connections to end', async () => (await shop.leaks()).length === 0);
});

describeService('the writer', async () => ({
  service: openShop(),
  expectNothingLeft: async () => {
    await waitFor('its connections to end', async () => (await shop.leaks()).length === 0);
  },
}));
