import { z } from 'zod';
import { isSluiceError } from '../errors/index.ts';
import { parseListenAddress } from './listen.ts';
import { logLevels } from './log.ts';
import { setting } from './setting.ts';

/** `[service]`: how the process itself speaks and is watched. */
export const serviceSchema = z
  .strictObject({
    log_level: setting(z.enum(logLevels).default('info'), {
      effect: 'The least severe lines that are logged.',
      why: 'each start, stop, phase and retry is one line; `debug` adds a line for every batch',
    }),
    log_file: setting(z.string().min(1).optional(), {
      effect: 'A file to append the log to, instead of stderr. Folders are made as needed.',
      why: 'journald and containers collect stderr',
    }),
    status_listen: setting(z.string().superRefine(checkListenAddress).optional(), {
      effect:
        'Where `/metrics`, `/healthz` and `/status` are served over HTTP, without authentication: ' +
        '`host:port`, or `:port` for this machine only. Port 0 takes a free port and logs it.',
      why: 'nothing listens that was not asked for',
      example: '127.0.0.1:9480',
    }),
  })
  .meta({ description: 'How the process itself speaks and is watched.' });

export type ServiceConfig = z.output<typeof serviceSchema>;

function checkListenAddress(text: string, context: z.RefinementCtx): void {
  try {
    parseListenAddress(text);
  } catch (error) {
    if (!isSluiceError(error, 'SERVICE_LISTEN_ADDRESS')) throw error;
    context.addIssue({
      code: 'custom',
      message: `expected host:port or :port, with a port between 0 and 65535, got "${text}"`,
    });
  }
}
