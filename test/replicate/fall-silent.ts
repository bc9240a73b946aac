import { waitFor, type Proxy } from '../kit/index.ts';

/** So long on its way that a test is in time to hold it back. */
export const answerDelayMs = 100;

/** Lets a server fall silent when its client has spoken so often. The proxy delays answers by `answerDelayMs`. */
export async function fallSilent(proxy: Proxy, count: number): Promise<void> {
  for (let said = 0, before = 0; said < count; said++, before = proxy.toServer.bytes) {
    await waitFor('more words', () => proxy.toServer.bytes > before, { everyMs: 2 });
  }
  proxy.toClient.stall();
}
