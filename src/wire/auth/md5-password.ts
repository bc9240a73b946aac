import { createHash } from 'node:crypto';

/** The answer to AuthenticationMD5Password: "md5" and md5(md5(password user) salt), in hexadecimal. */
export function md5Password(user: string, password: string, salt: Buffer): string {
  return md5Answer(md5Secret(user, password), salt);
}

/** What a server stores of a password: "md5" and md5(password user), in hexadecimal. */
export function md5Secret(user: string, password: string): string {
  return `md5${md5(Buffer.from(password + user))}`;
}

/** The answer to AuthenticationMD5Password by one who knows the stored secret: it is as good as the password. */
export function md5Answer(secret: string, salt: Buffer): string {
  const hash = Buffer.from(secret.slice('md5'.length));
  return `md5${md5(Buffer.concat([hash, salt]))}`;
}

export function isMd5Secret(text: string): boolean {
  return /^md5[0-9a-f]{32}$/.test(text);
}

function md5(bytes: Buffer): string {
  return createHash('md5').update(bytes).digest('hex');
}
