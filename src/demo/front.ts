import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadPgbouncerIni, PoolGate, PoolService } from '../pool/index.ts';
import type { GateTarget, Log } from '../service/index.ts';
import type { DemoServer } from './servers.ts';

/** Any number: nobody else listens in the folder. */
const port = 6432;

/** The pool that the shop's tills come through. */
export class ShopFront implements AsyncDisposable {
  /** Connection string of the shop through the pool, as psql takes it. */
  readonly url: string;
  /** Of the pool's console. */
  readonly consoleUrl: string;
  readonly gate: PoolGate;
  readonly #pool: PoolService;

  private constructor(folder: string, gate: PoolGate, pool: PoolService) {
    this.url = `postgres://till@/shop?host=${folder}&port=${port}`;
    this.consoleUrl = `postgres://till@/pgbouncer?host=${folder}&port=${port}`;
    this.gate = gate;
    this.#pool = pool;
  }

  /** Beside the server's own socket, where only its owner comes. */
  static async open({ server }: DemoServer, version: string, log: Log): Promise<ShopFront> {
    const file = join(server.socketDir, 'pgbouncer.ini');
    await writeFile(file, iniOf(server.socketDir, server.port, server.user), { mode: 0o600 });
    const pool = new PoolService({ load: () => loadPgbouncerIni(file), log, version });
    pool.start();
    await pool.ready;
    const { operations } = pool;
    if (operations === null) throw new Error('invariant: a pool that is ready has operations');
    return new ShopFront(server.socketDir, new PoolGate(operations, 'shop'), pool);
  }

  /** Where the target's server is, for the gate. */
  static targetOf({ server }: DemoServer): GateTarget {
    return { host: server.socketDir, port: server.port, database: 'shop' };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool.stop();
  }
}

function iniOf(folder: string, serverPort: number, user: string): string {
  return `[databases]
shop = host=${folder} port=${serverPort} dbname=shop user=${user}

[pgbouncer]
listen_addr =
listen_port = ${port}
unix_socket_dir = ${folder}
unix_socket_mode = 0700
auth_type = any
admin_users = till
pool_mode = transaction
default_pool_size = 8
`;
}
