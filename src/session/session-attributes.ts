import { SluiceError } from '../errors/index.ts';
import type { Link } from './link.ts';
import type { TargetSessionAttrs } from './target/index.ts';

/** Whether the kind asked for depends on the read-only default, which our settings would hide. */
export function dependsOnReadOnlyDefault(wanted: TargetSessionAttrs): boolean {
  return wanted === 'read-write' || wanted === 'read-only';
}

/**
 * Checks that a server is of the kind asked for, by what it reported when the session started.
 *
 * @throws SESSION_WRONG_KIND  another host may be
 */
export function checkSessionAttributes(link: Link, wanted: TargetSessionAttrs): void {
  if (wanted === 'any' || wanted === 'prefer-standby') return;
  const isStandby = isOn(link, 'in_hot_standby');
  const isReadOnly = isStandby || isOn(link, 'default_transaction_read_only');
  const isWanted: Record<typeof wanted, boolean> = {
    primary: !isStandby,
    standby: isStandby,
    'read-write': !isReadOnly,
    'read-only': isReadOnly,
  };
  if (isWanted[wanted]) return;
  const readOnly = isReadOnly ? ', read-only by default' : '';
  const kind = isStandby ? 'a standby' : `a primary${readOnly}`;
  throw new SluiceError('SESSION_WRONG_KIND', { place: link.place, wanted, kind });
}

/** PostgreSQL reports both since 14; who does not cannot be told apart. */
function isOn(link: Link, name: string): boolean {
  const value = link.parameters.get(name);
  if (value !== undefined) return value === 'on';
  throw new SluiceError('SESSION_WRONG_KIND', {
    place: link.place,
    wanted: `that reports ${name}`,
    kind: 'something that does not',
  });
}
