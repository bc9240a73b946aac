import { createHash } from 'node:crypto';

/** The answer to AuthenticationMD5Password: "md5" and md5(md5(password user) salt), in hexadecimal. */
export function md5Password(user: string, password: string, salt: Buffer): string {
  const stored = md5(Buffer.from(password + user));
  return `md5${md5(Buffer.concat([Buffer.from(stored), salt]))}`;
}

function md5(bytes: Buffer): string {
  return createHash('md5').update(bytes).digest('hex');
}
