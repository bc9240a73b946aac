import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';

/** A page as `npm run check` wants it. */
export async function formatPage(path: string, text: string): Promise<string> {
  const file = fileURLToPath(new URL(`../../${path}`, import.meta.url));
  return format(text, { ...(await resolveConfig(file)), filepath: file });
}
