import { Session } from '../session/index.ts';

/** Changes three rows of the target behind the pipeline's back: one is missing then, one extra, one different. */
export async function tamper(url: string, signal: AbortSignal): Promise<void> {
  await using session = await Session.connect(url, { purpose: 'demo tamper', signal });
  await session.query(`
    begin;
    delete from shop.stock
      where (warehouse, product_id) = (select warehouse, product_id from shop.stock order by 1, 2 offset 7 limit 1);
    insert into shop.coupon (code, percent, valid) values ('FORGED', 100, '[today,)');
    update shop.customer set balance = balance + 0.01 where id = (select min(id) from shop.customer);
    commit;`);
}
