import { expect, test } from 'vitest';
import { TomlLines } from '../../src/daemon/toml-lines.ts';

const lines = new TomlLines(`# [not.a.section]
top = 1
[a]
x = "y = 3 # no comment"   # z = 4
"quoted key" = 1
dotted.deep.key = 2
text = """
fake = 1
[fake]
"""
literal = '''
fake2 = 1'''
after = 1
list = [
  "a = 1", # ]
  [1, 2], { inner = 1 },
]
one_line = """ a """
next = 5

[a.'b.c']
x = 1
[[jobs]]
name = "first"
[[jobs]]
name = "second"
[ spaced . out ]
x = 1
`);

test.each([
  [['top'], 2],
  [['a'], 3],
  [['a', 'x'], 4],
  [['a', 'quoted key'], 5],
  [['a', 'dotted', 'deep', 'key'], 6],
  [['a', 'dotted'], 6],
  [['a', 'after'], 13],
  [['a', 'list', 1, 0], 14],
  [['a', 'one_line'], 18],
  [['a', 'next'], 19],
  [['a', 'b.c', 'x'], 22],
  [['jobs', 0, 'name'], 24],
  [['jobs', 1, 'name'], 26],
  [['spaced', 'out', 'x'], 28],
  [['a', 'missing'], 3],
] as const)('%j stands on line %i', (path, line) => {
  expect(lines.lineOf(path)).toBe(line);
});

test.each([[['fake']], [['a', 'fake2', 'x']], [['z']], [[]]])('%j is no key', (path) => {
  const line = lines.lineOf(path);
  expect(line === undefined || line === 3).toBe(true);
});

test('text of any kind is read without fail', () => {
  for (const text of [
    '',
    '\r\n\r\n',
    '[',
    '[[',
    ']',
    '=',
    '"',
    '"""',
    'a',
    'a.',
    '[a',
    "x = '''",
  ]) {
    expect(() => new TomlLines(text)).not.toThrow();
  }
});
