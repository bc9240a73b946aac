import { createHmac } from 'node:crypto';

/** What Standard Webhooks asks of a key. */
export const leastKeyBytes = 24;

/**
 * The three headers of Standard Webhooks, which libraries for most languages verify: HMAC-SHA256 over
 * `id.timestamp.body`, in base64, one signature a secret.
 *
 *     webhook-id: orders:12:345
 *     webhook-timestamp: 1767323045
 *     webhook-signature: v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=
 */
export function signedHeaders(
  id: string,
  timestamp: number,
  body: Uint8Array,
  secrets: readonly string[],
): Record<string, string> {
  const signatures = secrets.map((secret) => {
    const hmac = createHmac('sha256', keyOf(secret)).update(`${id}.${timestamp}.`).update(body);
    return `v1,${hmac.digest('base64')}`;
  });
  return {
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': signatures.join(' '),
  };
}

export function keyOf(secret: string): Buffer {
  const prefix = 'whsec_';
  return secret.startsWith(prefix)
    ? Buffer.from(secret.slice(prefix.length), 'base64')
    : Buffer.from(secret);
}
