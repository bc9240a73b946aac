import type { LegOwner } from '../leg.ts';
import type { Operations } from '../operations.ts';
import type { ConsoleLogin } from '../console-login.ts';
import type { Pooler } from '../pooler.ts';
import type { OtherThreads } from '../threads/other-threads.ts';
import { Traffic } from '../traffic.ts';
import type { ConsoleContext } from './command.ts';
import { ConsoleSession } from './console-session.ts';
import { Statistics } from './statistics.ts';

/** Every operator's connection to one pooler, and the statistics they look at. */
export class Consoles implements ConsoleContext {
  readonly pooler: Pooler;
  readonly operations: Operations;
  readonly traffic = new Traffic();
  readonly statistics: Statistics;
  readonly sessions = new Set<ConsoleSession>();
  readonly version: string;
  others: OtherThreads | null = null;

  /** @param version  the program's, for SHOW VERSION */
  constructor(operations: Operations, version: string) {
    this.operations = operations;
    this.pooler = operations.pooler;
    this.version = version;
    this.statistics = new Statistics(this.pooler, this.traffic, () => this.others?.reports ?? []);
  }

  /** For `PoolerOptions.console`. */
  open(login: ConsoleLogin): LegOwner {
    this.traffic.clientLogins++;
    const session = new ConsoleSession(this, login, (over) => this.sessions.delete(over));
    this.sessions.add(session);
    return session;
  }

  /** Ends all of them. */
  close(): void {
    for (const session of this.sessions) session.kill('pooler is shutting down');
  }
}
