import { describe, expect, test } from 'vitest';
import { isSluiceError } from '../../src/errors/index.ts';
import type { Service } from '../../src/service/index.ts';
import { within } from '../kit/wait.ts';

export interface ServiceUnderTest {
  readonly service: Service;
  /** Throws, or expects, when something the service opened is still open after a stop. */
  readonly expectNothingLeft?: () => Promise<void> | void;
}

/**
 * What every service keeps, whatever it does. `make` gives one that will become ready when started; it is called
 * once a test.
 */
export function describeService(name: string, make: () => Promise<ServiceUnderTest>): void {
  describe(`${name} keeps the service contract`, () => {
    test('becomes ready and ends all work when stopped', async () => {
      const { service, expectNothingLeft } = await make();
      service.start();
      await within('ready', service.ready);
      await within('stop', service.stop());
      await expectNothingLeft?.();
    });

    test('may be stopped before it is started, and then does not start', async () => {
      const { service, expectNothingLeft } = await make();
      await within('stop', service.stop());
      service.start();
      await expect(within('ready', service.ready)).rejects.toSatisfy(isStopped);
      await within('second stop', service.stop());
      await expectNothingLeft?.();
    });

    test('may be stopped twice, also at the same time', async () => {
      const { service, expectNothingLeft } = await make();
      service.start();
      await within('ready', service.ready);
      await within('two stops', Promise.all([service.stop(), service.stop()]));
      await within('third stop', service.stop());
      await expectNothingLeft?.();
    });

    test('may be stopped before it is ready', async () => {
      const { service, expectNothingLeft } = await make();
      service.start();
      await within('stop', service.stop());
      await within(
        'ready settles',
        service.ready.then(
          () => undefined,
          (error: unknown) => expect(error).toSatisfy(isStopped),
        ),
      );
      await expectNothingLeft?.();
    });

    test('refuses a second start', async () => {
      const { service } = await make();
      service.start();
      try {
        expect(() => service.start()).toThrow(
          expect.objectContaining({ code: 'SERVICE_STARTED_TWICE' }),
        );
      } finally {
        await within('stop', service.stop());
      }
    });

    test('ends when its signal aborts', async () => {
      const { service, expectNothingLeft } = await make();
      const controller = new AbortController();
      service.start(controller.signal);
      await within('ready', service.ready);
      controller.abort();
      await within('stop', service.stop());
      await expectNothingLeft?.();
    });

    test('does not begin work under a signal that has aborted', async () => {
      const { service, expectNothingLeft } = await make();
      service.start(AbortSignal.abort());
      await expect(within('ready', service.ready)).rejects.toSatisfy(isStopped);
      await within('stop', service.stop());
      await expectNothingLeft?.();
    });
  });
}

function isStopped(error: unknown): boolean {
  return isSluiceError(error, 'SERVICE_STOPPED');
}
