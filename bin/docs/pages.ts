import { format, resolveConfig } from 'prettier';
import { fileURLToPath } from 'node:url';
import { configurationPage } from './configuration-page.ts';
import { errorsPage } from './errors-page.ts';

export interface Page {
  /** From the project's folder. */
  readonly path: string;
  readonly text: string;
}

/** Every page that is made from the sources, formatted as the project formats. */
export async function pages(): Promise<Page[]> {
  const made = [
    { path: 'docs/reference/configuration.md', text: configurationPage() },
    { path: 'docs/reference/errors.md', text: errorsPage() },
  ];
  return Promise.all(
    made.map(async ({ path, text }) => ({ path, text: await formatted(path, text) })),
  );
}

async function formatted(path: string, text: string): Promise<string> {
  const file = fileURLToPath(new URL(`../../${path}`, import.meta.url));
  return format(text, { ...(await resolveConfig(file)), filepath: file });
}
