import { registry, type Decision, type ErrorSpec } from '../../src/errors/index.ts';
import { generatedNotice, joinBlocks, markdownTable } from './markdown.ts';

const decisions: Readonly<Record<Decision, string>> = {
  retry: 'the same may succeed later; Sluice tries again by itself',
  reconnect: 'the connection is gone or unusable; Sluice opens a new one and goes on',
  resync: 'a copy can no longer be continued; it must be made again',
  fix: 'a person must change configuration, privileges or data; then start again',
  stop: 'a promise would be broken by going on; nothing was lost, and a person decides',
  bug: 'an invariant of Sluice does not hold; please report it',
};

export function describeErrors(): string {
  const specs = Object.entries<ErrorSpec>(registry).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return joinBlocks([
    generatedNotice('src/errors/'),
    '# Errors',
    'For who sees a code in a log or on a screen and wants to know what to do. Every error has a code that does not ' +
      'change; programs match the code or the decision, never the text. `{...}` is filled in when it happens. ' +
      'Messages never hold row values or secrets.',
    '## Decisions',
    markdownTable(
      ['Decision', 'Meaning'],
      Object.entries(decisions).map(([decision, meaning]) => [`\`${decision}\``, meaning]),
    ),
    'On the command line a `stop` exits with 3, wrong usage or configuration with 2, anything else with 1.',
    '## Codes',
    ...specs.map(([code, spec]) => describeError(code, spec)),
  ]);
}

function describeError(code: string, { decision, message, remedy }: ErrorSpec): string {
  return (
    joinBlocks([`### ${code}`, `- Decision: \`${decision}\``]).trimEnd() +
    `\n- What: ${quote(message)}\n- What to do: ${quote(remedy)}`
  );
}

/** As code, because templates hold characters that Markdown would take for its own. */
function quote(template: string): string {
  const text = template.replaceAll(/\s*\n\s*/g, ' ').trim();
  const fence = text.includes('`') ? '``' : '`';
  return `${fence}${text}${fence}`;
}
