import type { Leg } from '../../leg.ts';
import { plainAddress } from '../../leg-text.ts';

/** Something to tell connections apart by, and to pair them by, where pgBouncer has an address in memory. */
export function pointer(kind: 'C' | 'S', id: number): string {
  const space = kind === 'C' ? 0xc : 0x5;
  return `0x${space.toString(16)}${id.toString(16).padStart(8, '0')}`;
}

/** `2026-08-21 18:29:13 UTC`. */
export function timeText(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

interface End {
  readonly address: string;
  readonly port: number;
}

/** Both ends; of a Unix socket only the number in its name is told. */
export function placeOf({ socket }: Leg, unixPort: number): { remote: End; local: End } {
  const unix = { address: 'unix', port: unixPort };
  const { remoteAddress, remotePort, localAddress, localPort } = socket;
  return {
    remote:
      remoteAddress === undefined
        ? unix
        : { address: plainAddress(remoteAddress), port: remotePort ?? 0 },
    local:
      localAddress === undefined
        ? unix
        : { address: plainAddress(localAddress), port: localPort ?? 0 },
  };
}
