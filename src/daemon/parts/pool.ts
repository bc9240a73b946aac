import { SluiceError } from '../../errors/index.ts';
import { checkPool, poolConfigFromToml, PoolService, type PoolerConfig } from '../../pool/index.ts';
import { loadConfig, type LoadedConfig } from '../config-file.ts';
import type { Part } from '../part.ts';

/** How long transactions under way may take when the process is asked to stop. */
const graceMs = 10_000;

export interface PoolPartOptions {
  readonly version: string;
  /** Shown each pooler that is made, for RELOAD. */
  readonly onMade?: (service: PoolService) => void;
}

/** `[pool]` as a part; none where the file has no such section. */
export function poolParts(config: LoadedConfig, { version, onMade }: PoolPartOptions): Part[] {
  if (config.pool === undefined) return [];
  return [
    {
      name: 'pool',
      make: ({ log, metrics }) => {
        const service = new PoolService({
          load: () => loadPoolConfig(config.file),
          log,
          version,
          metrics,
          graceMs,
        });
        onMade?.(service);
        return Promise.resolve(service);
      },
      check: async () => checkPool(await loadPoolConfig(config.file)),
    },
  ];
}

/**
 * What `[pool]` of a sluice.toml says now.
 *
 * @throws CONFIG_NOT_FOUND, CONFIG_INVALID, CONFIG_DATABASE, POOL_CONFIG; POOL_NOT_CONFIGURED: there is no such section
 */
export async function loadPoolConfig(file: string): Promise<PoolerConfig> {
  const config = await loadConfig(file);
  if (config.pool === undefined) throw new SluiceError('POOL_NOT_CONFIGURED', { file });
  return poolConfigFromToml(config.pool, {
    file,
    connectionOf: (database) => config.connectionOf(database),
    env: process.env,
  });
}
