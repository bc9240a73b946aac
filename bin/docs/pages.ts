import { configurationPage } from './configuration-page.ts';
import { errorsPage } from './errors-page.ts';
import { formatPage } from './format-page.ts';

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
    made.map(async ({ path, text }) => ({ path, text: await formatPage(path, text) })),
  );
}
