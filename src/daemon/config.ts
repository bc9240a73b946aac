import { z } from 'zod';
import { serviceSchema } from '../service/index.ts';
import { databasesSchema } from './databases.ts';
import { jobSchema } from '../jobs/index.ts';
import { poolSchema } from '../pool/index.ts';
import { queueSchema } from '../queue/index.ts';
import { pipelineSchema } from '../replicate/index.ts';
import { sinkSchema } from './sinks.ts';

/** The whole of sluice.toml: a section a room. Unknown keys are refused everywhere. */
export const configSchema = z.strictObject({
  databases: databasesSchema.default({}),
  service: serviceSchema.default(serviceSchema.parse({})),
  pool: poolSchema.optional(),
  queue: queueSchema.optional(),
  jobs: z
    .record(z.string(), jobSchema)
    .default({})
    .meta({
      description:
        'One section a job, `[jobs.NAME]`, of one of the kinds below (docs/jobs.md). The name is also what its consumer is ' +
        'called, unless `consumer` says otherwise.',
    }),
  replicate: z
    .record(z.string(), pipelineSchema)
    .default({})
    .meta({
      description:
        'One section a pipeline, `[replicate.NAME]`: the tables of one database, copied into another and followed, or their ' +
        'changes sent to a sink. ' +
        'The name is also the name of its slot, its publication and its row in the ledger.',
    }),
  sinks: z
    .record(z.string(), sinkSchema)
    .default({})
    .meta({
      description:
        'One section a sink, `[sinks.NAME]`, with one of the tables below: where changes of rows and events leave for another ' +
        'engine, or for a queue. Passwords and secrets are text, `{ env = "NAME" }` or `{ file = "PATH" }` (a relative path starts at ' +
        'the folder of sluice.toml).',
    }),
});

export type Config = z.output<typeof configSchema>;
