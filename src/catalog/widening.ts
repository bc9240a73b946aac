import type { Column } from './table.ts';

const wholeNumbers = ['int2', 'int4', 'int8'];
const texts = new Set(['text', 'varchar', 'bpchar']);

/** True when every value of the source's column is a value of the target's, in the same text form. */
export function widens(source: Column, target: Column): boolean {
  if (source.shape === target.shape) return widensModifier(source, target);
  if (source.shape === 'bpchar') return false; // its trailing spaces mean something else elsewhere
  const rank = wholeNumbers.indexOf(source.shape);
  if (rank >= 0 && wholeNumbers.indexOf(target.shape) > rank) return true;
  if (rank >= 0 && target.shape === 'numeric') return target.effectiveModifier === -1;
  if (source.shape === 'float4' && target.shape === 'float8') return false; // 0.1 is another number
  if (source.shape === 'json' && target.shape === 'text') return true;
  if (texts.has(source.shape) && target.shape === 'text') return true;
  if (source.shape === 'text' && target.shape === 'varchar') return target.effectiveModifier === -1;
  return source.shape === 'enum' && target.shape === 'text';
}

function widensModifier(source: Column, target: Column): boolean {
  if (target.effectiveModifier === -1) return source.shape !== 'bpchar';
  if (source.effectiveModifier === -1) return false;
  switch (source.shape) {
    case 'varchar':
    case 'varbit':
      return target.effectiveModifier > source.effectiveModifier;
    case 'numeric':
      return widensNumeric(source.effectiveModifier, target.effectiveModifier);
    case 'time':
    case 'timetz':
    case 'timestamp':
    case 'timestamptz':
      return target.effectiveModifier > source.effectiveModifier;
    default:
      return false;
  }
}

/** numeric(p,s) is stored as ((p << 16) | (s & 0x7ff)) + 4; a scale may be negative. */
function widensNumeric(source: number, target: number): boolean {
  const [sourceScale, targetScale] = [scaleOf(source), scaleOf(target)];
  const sourceWhole = precisionOf(source) - sourceScale;
  const targetWhole = precisionOf(target) - targetScale;
  // A larger scale prints more zeros: the value is equal, its text is not.
  return targetScale === sourceScale && targetWhole >= sourceWhole;
}

function precisionOf(modifier: number): number {
  return ((modifier - 4) >> 16) & 0xffff;
}

function scaleOf(modifier: number): number {
  const scale = (modifier - 4) & 0x7ff;
  return (scale ^ 1024) - 1024;
}
