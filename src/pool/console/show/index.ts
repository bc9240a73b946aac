import type { Show } from '../command.ts';
import { showConfig } from './config.ts';
import { showDatabases } from './databases.ts';
import { showDnsHosts } from './dns-hosts.ts';
import { showDnsZones } from './dns-zones.ts';
import { showFds } from './fds.ts';
import { showLists } from './lists.ts';
import { showMem } from './mem.ts';
import { showPeerPools } from './peer-pools.ts';
import { showPeers } from './peers.ts';
import { showPools } from './pools.ts';
import { showActiveSockets, showClients, showServers, showSockets } from './sockets.ts';
import { showState } from './state.ts';
import { showStats, showStatsAverages, showStatsTotals, showTotals } from './stats.ts';
import { showUsers } from './users.ts';
import { showVersion } from './version.ts';

/** Everything there is to SHOW, but HELP. */
export const shows: readonly Show[] = [
  showActiveSockets,
  showClients,
  showConfig,
  showDatabases,
  showDnsHosts,
  showDnsZones,
  showFds,
  showLists,
  showMem,
  showPeerPools,
  showPeers,
  showPools,
  showServers,
  showSockets,
  showState,
  showStats,
  showStatsAverages,
  showStatsTotals,
  showTotals,
  showUsers,
  showVersion,
];
