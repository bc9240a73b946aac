import { createHash } from 'node:crypto';

/** What a pipeline makes on its source; everything carries its name, so that `drop` finds it (P11). */
export interface SourceNames {
  readonly slot: string;
  readonly publication: string;
}

/**
 * @param target tells two targets of one source apart that both call their pipeline `name`
 * @example sourceNames('shop', '7301…/shop2').slot: `sluice_shop_1c9b52e0`
 */
export function sourceNames(name: string, target: string): SourceNames {
  const hash = createHash('sha256').update(`${name}\0${target}`).digest('hex').slice(0, 8);
  // A slot's name may hold [a-z0-9_] and 63 bytes; the hash keeps names apart that look alike then.
  const readable = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '_')
    .slice(0, 40);
  const base = `sluice_${readable}_${hash}`;
  return { slot: base, publication: base };
}
