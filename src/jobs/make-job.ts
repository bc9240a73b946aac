import type { JobConfig } from './config.ts';
import type { Job, JobDeps, JobPlan } from './job.ts';
import { archiver } from './ready-made/archiver/archiver.ts';
import { bulkLoader } from './ready-made/bulk-loader.ts';
import { cubeDispatcher } from './ready-made/cube-dispatcher.ts';
import { dataMaintainer } from './ready-made/data-maintainer.ts';
import { queueLoader } from './ready-made/queue-loader.ts';
import { queueMover } from './ready-made/queue-mover.ts';
import { queueSplitter } from './ready-made/queue-splitter.ts';
import { simpleConsumer } from './ready-made/simple-consumer.ts';
import { simpleSerialConsumer } from './ready-made/simple-serial-consumer.ts';
import { tableDispatcher } from './ready-made/table-dispatcher.ts';

/** @throws JOBS_QUERY  a query of its settings cannot be read */
export function makeJob({ config, ...plan }: JobPlan<JobConfig>, deps: JobDeps): Job {
  switch (config.kind) {
    case 'archiver':
      return archiver({ ...plan, config }, deps);
    case 'bulk_loader':
      return bulkLoader({ ...plan, config }, deps);
    case 'cube_dispatcher':
      return cubeDispatcher({ ...plan, config }, deps);
    case 'data_maintainer':
      return dataMaintainer({ ...plan, config }, deps);
    case 'queue_loader':
      return queueLoader({ ...plan, config }, deps);
    case 'queue_mover':
      return queueMover({ ...plan, config }, deps);
    case 'queue_splitter':
      return queueSplitter({ ...plan, config }, deps);
    case 'simple_consumer':
      return simpleConsumer({ ...plan, config }, deps);
    case 'simple_serial_consumer':
      return simpleSerialConsumer({ ...plan, config }, deps);
    case 'table_dispatcher':
      return tableDispatcher({ ...plan, config }, deps);
    default:
      return config satisfies never;
  }
}
