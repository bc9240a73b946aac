import { isMd5Secret, parseScramSecret, type ScramSecret } from '../../wire/index.ts';
import type { StoredUser } from './types.ts';

/** What is stored of a password, by its form, as PostgreSQL tells them apart. */
export type StoredSecret =
  | { readonly kind: 'plain'; readonly password: string }
  /** `md5...` */
  | { readonly kind: 'md5'; readonly hash: string }
  | { readonly kind: 'scram'; readonly secret: ScramSecret }
  /** No such user, or none whose password could be right. */
  | { readonly kind: 'none' };

export function storedSecretOf(user: StoredUser | null): StoredSecret {
  const text = user?.password?.reveal() ?? '';
  if (text === '') return { kind: 'none' };
  if (isMd5Secret(text)) return { kind: 'md5', hash: text };
  const secret = parseScramSecret(text);
  return secret ? { kind: 'scram', secret } : { kind: 'plain', password: text };
}
