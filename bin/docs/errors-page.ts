import { registry, type Decision, type ErrorSpec } from '../../src/errors/index.ts';

const decisions: Readonly<Record<Decision, string>> = {
  retry: 'the same call may succeed later, on the same connection',
  reconnect: 'the connection is gone; open a new one and go on',
  resync: "the object's copy must be made again",
  fix: 'change configuration, privileges or data, then start again',
  stop: 'going on would break a promise; nothing was lost, a person decides',
  bug: 'an invariant of Sluice does not hold; please report it',
};

/** docs/reference/errors.md, from the registry. */
export function errorsPage(): string {
  const specs = Object.entries<ErrorSpec>(registry).toSorted(([a], [b]) => a.localeCompare(b));
  return `<!-- Made by \`npm run docs\` from src/errors/; edit those, not this. -->

# Errors

For people who got an error with a code, and for programs that decide by it. Codes stay; texts may change.
\`{name}\` stands for what the error is about. Programs find \`code\`, \`decision\`, \`details\` and \`remedy\`
on the error itself (\`import { isSluiceError } from 'sluice/errors'\`).

The decision says what the error asks of its caller:

${Object.entries(decisions)
  .map(([decision, meaning]) => `- \`${decision}\`: ${meaning}`)
  .join('\n')}

${specs.map(([code, spec]) => section(code, spec)).join('\n\n')}
`;
}

function section(code: string, { decision, message, remedy }: ErrorSpec): string {
  return `## ${code}

${escaped(sentence(message))}

What to do (\`${decision}\`): ${escaped(sentence(remedy))}`;
}

function sentence(text: string): string {
  const capital = text.startsWith('{') ? text : text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(capital) ? capital : `${capital}.`;
}

/** Asterisks and underscores are meant as they stand. */
function escaped(text: string): string {
  return text.replaceAll(/[*_<]/g, '\\$&').replaceAll(/\{(\w+)\}/g, '`{$1}`');
}
