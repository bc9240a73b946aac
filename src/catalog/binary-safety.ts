import type { Column } from './table.ts';

/** The servers' major versions. */
export interface Majors {
  readonly sourceMajor: number;
  readonly targetMajor: number;
}

/**
 * Why the values of this column must not travel in binary, or null when they may.
 *
 * Tried between servers 15, 16, 17 and 18, in all directions, with every OID different
 * (test/catalog/binary-safety.test.ts):
 *
 * - Arrays and composites carry the OIDs of the types inside them. The receiving side refuses a wrong
 *   OID only when both are of the server's own, fixed range; users' types load right.
 * - Enums travel as their label, ranges and multiranges carry no OID, domains are their base type.
 * - `reg*` types are OIDs and load silently as other objects.
 * - `interval 'infinity'` exists since 17; older servers read its binary form as 178956970 years.
 * - `xml` in binary keeps its encoding declaration, in text it loses it, as in every dump.
 */
export function binaryProblem(source: Column, target: Column, majors: Majors): string | null {
  if (source.isReg || target.isReg) return `${source.displayType} holds OIDs of its own database`;
  if (source.shape !== target.shape) {
    return `${source.displayType} and ${target.displayType} are made differently`;
  }
  if (source.effectiveModifier !== target.effectiveModifier) {
    return `${source.displayType} and ${target.displayType} differ in their modifier`;
  }
  if (!source.hasBinary || !target.hasBinary) {
    return `${source.displayType} has no binary send or receive function`;
  }
  if (source.extensions.join() !== target.extensions.join()) {
    return `it needs ${source.extensions.join()}, the target has ${target.extensions.join()}`;
  }
  return exceptionOf(source, majors);
}

function exceptionOf(source: Column, { sourceMajor, targetMajor }: Majors): string | null {
  if (hasPart(source.shape, 'xml')) return 'xml travels as text, as in every dump';
  if (hasPart(source.shape, 'interval') && sourceMajor >= 17 && targetMajor < 17) {
    return 'an infinite interval of 17 and newer means another value to an older server in binary';
  }
  return null;
}

/** Shapes name the server's own types without a schema: `(text,interval[])`. */
function hasPart(shape: string, name: string): boolean {
  return shape.split(/[^\w.]/u).includes(name);
}
