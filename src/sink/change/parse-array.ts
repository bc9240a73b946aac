/** An element: text, NULL, or the elements of one more dimension. */
export type ArrayValue = string | null | readonly ArrayValue[];

/**
 * Reads an array as PostgreSQL writes it: `{1,NULL,"a \"b\""}`, `{{1,2},{3,4}}`. Bounds that are not 1
 * (`[0:1]={1,2}`) are left out, as `to_jsonb` does.
 */
export function parseArray(text: string): readonly ArrayValue[] {
  const start = text.startsWith('[') ? text.indexOf('=') + 1 : 0;
  return readList(text, start).values;
}

/** From an opening brace to behind its closing one. */
function readList(text: string, open: number): { values: ArrayValue[]; end: number } {
  const values: ArrayValue[] = [];
  let at = open + 1;
  while (text[at] !== '}') {
    if (text[at] === ',') at += 1;
    const element = readElement(text, at);
    values.push(element.value);
    at = element.end;
  }
  return { values, end: at + 1 };
}

function readElement(text: string, at: number): { value: ArrayValue; end: number } {
  if (text[at] === '{') {
    const { values, end } = readList(text, at);
    return { value: values, end };
  }
  if (text[at] === '"') return readQuoted(text, at + 1);
  let end = at;
  while (text[end] !== ',' && text[end] !== '}') end += 1;
  const word = text.slice(at, end);
  return { value: word === 'NULL' ? null : word, end };
}

function readQuoted(text: string, from: number): { value: string; end: number } {
  let end = from;
  while (text[end] !== '"') end += text[end] === '\\' ? 2 : 1;
  return { value: text.slice(from, end).replaceAll(/\\(.)/gs, '$1'), end: end + 1 };
}
