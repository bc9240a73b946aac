/** As in Python. */
const deepest = 10;

/** Why a value cannot be read. */
export class InterpolationProblem extends Error {}

export interface Interpolation {
  /** The other values of the section, by key. */
  readonly values: ReadonlyMap<string, string>;
  /** `config_format = 2`: `${key}` instead of `%(key)s`, and no meaning for `%`. */
  readonly isExtended: boolean;
  /** For a template of SQL: `%(name)s` of a name that the file does not hold is the template's, and stays. */
  readonly isTemplate: boolean;
}

/**
 * Puts values into a value: `%(key)s` is another value of the section, `%%` a percent sign.
 *
 *     logfile   = ~/log/%(job_name)s.log        ~/log/mover.log
 *     dst_query = select f(%%(id)s)             select f(%(id)s)
 *
 * @throws InterpolationProblem
 */
export function interpolate(value: string, how: Interpolation, depth = 0): string {
  if (depth > deepest) throw new InterpolationProblem('its values name one another without end');
  return how.isExtended ? extended(value, how, depth) : basic(value, how, depth);
}

function basic(value: string, how: Interpolation, depth: number): string {
  return value.replaceAll(/%(?:%|\(([^)]*)\)s|)/g, (found, name: string | undefined) => {
    if (found === '%%') return '%';
    if (name === undefined) {
      throw new InterpolationProblem(
        '% must be followed by % or by (name)s; write %% for a percent sign',
      );
    }
    const other = how.values.get(name.toLowerCase());
    if (other !== undefined) return interpolate(other, how, depth + 1);
    if (how.isTemplate) return found;
    throw new InterpolationProblem(`%(${name})s: there is no ${name} in this section`);
  });
}

function extended(value: string, how: Interpolation, depth: number): string {
  return value.replaceAll(/\$(?:\$|\{([^}:]*)\}|)/g, (found, name: string | undefined) => {
    if (found === '$$') return '$';
    const other = name === undefined ? undefined : how.values.get(name.toLowerCase());
    if (other !== undefined) return interpolate(other, how, depth + 1);
    const problem = name === undefined ? '$ must be followed by $ or {' : `there is no ${name}`;
    throw new InterpolationProblem(`${found}: ${problem}`);
  });
}
