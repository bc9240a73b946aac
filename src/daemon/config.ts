import { z } from 'zod';
import { serviceSchema } from '../service/index.ts';
import { databasesSchema } from './databases.ts';
import { poolSchema } from '../pool/index.ts';
import { queueSchema } from '../queue/index.ts';
import { pipelineSchema } from '../replicate/index.ts';

/** The whole of sluice.toml: a section a room. Unknown keys are refused everywhere. */
export const configSchema = z.strictObject({
  databases: databasesSchema.default({}),
  service: serviceSchema.default(serviceSchema.parse({})),
  pool: poolSchema.optional(),
  queue: queueSchema.optional(),
  replicate: z
    .record(z.string(), pipelineSchema)
    .default({})
    .meta({
      description:
        'One section a pipeline, `[replicate.NAME]`: the tables of one database, copied into another and followed. ' +
        'The name is also the name of its slot, its publication and its row in the ledger.',
    }),
});

export type Config = z.output<typeof configSchema>;
