import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { AuthFile, parseAuthFile } from '../../../src/pool/auth/index.ts';
import { temporaryFolder } from '../../kit/index.ts';

function passwords(text: string): Record<string, string | null> {
  const users = parseAuthFile(text, 'users.txt');
  return Object.fromEntries(
    [...users].map(([name, user]) => [name, user.password?.reveal() ?? null]),
  );
}

describe('parseAuthFile', () => {
  test("reads pgBouncer's lines", () => {
    const text = [
      '; a comment',
      '# another',
      '',
      '"joe" "pencil"',
      '  "jim"\t"md5abcdef"  "more" of it',
      '"quo""ted" "p""w"\r',
      '"a"x"junk between"',
      '"ümlaut" "pässword with blanks, commas; and # signs"',
      '"none" ""',
    ].join('\n');
    expect(passwords(text)).toEqual({
      joe: 'pencil',
      jim: 'md5abcdef',
      'quo"ted': 'p"w',
      a: 'junk between',
      ümlaut: 'pässword with blanks, commas; and # signs',
      none: null,
    });
  });

  test('keeps the last password of a name', () => {
    expect(passwords('"joe" "old"\n"joe" "new"')).toEqual({ joe: 'new' });
  });

  test('tells every bad line, and no password', () => {
    const text = '"ok" "x"\njoe pencil1\n"joe"\n"joe" "pencil2\n"" "pencil3"\n"jim';
    expect(() => parseAuthFile(text, '/etc/users.txt')).toThrow(
      expect.objectContaining({
        code: 'POOL_AUTH_FILE',
        details: {
          problems: [
            '/etc/users.txt:2: expected "user" "password", each in double quotes',
            '/etc/users.txt:3: the password is missing; write "" for none',
            '/etc/users.txt:4: the quote around the password is not closed',
            '/etc/users.txt:5: the user name is empty',
            '/etc/users.txt:6: expected "user" "password", each in double quotes',
          ].join('\n'),
        },
      }),
    );
  });

  test('does not show passwords', () => {
    expect(JSON.stringify([...parseAuthFile('"joe" "pencil"', 'f')])).not.toContain('pencil');
  });
});

describe('AuthFile', () => {
  test('is read anew when it was written, and only then', async () => {
    const path = fileWith('"joe" "a"');
    const file = await AuthFile.load(path);
    expect(await file.reloadIfChanged()).toBe(false);
    writeFileSync(path, '"joe" "a"\n"jim" "b"');
    expect(await file.reloadIfChanged()).toBe(true);
    expect([...file.names()]).toEqual(['joe', 'jim']);
    expect(file.find('jim')?.password?.reveal()).toBe('b');
    expect(file.find('jane')).toBeNull();
    expect(file.find('constructor')).toBeNull();
  });

  test('keeps its users when it became bad or went away', async () => {
    const path = fileWith('"joe" "a"');
    const file = await AuthFile.load(path);
    writeFileSync(path, '"joe" "b"\nbad');
    await expect(file.reload()).rejects.toMatchObject({ code: 'POOL_AUTH_FILE' });
    await expect(file.reloadIfChanged()).rejects.toMatchObject({ code: 'POOL_AUTH_FILE' });
    expect(file.find('joe')?.password?.reveal()).toBe('a');
    rmSync(path);
    await expect(file.reload()).rejects.toMatchObject({ code: 'POOL_AUTH_FILE_UNREADABLE' });
    expect(file.size).toBe(1);
  });

  test('that cannot be read is named', async () => {
    await expect(AuthFile.load('/nowhere/users.txt')).rejects.toThrow(
      /auth_file: \/nowhere\/users.txt cannot be read/,
    );
  });
});

function fileWith(text: string): string {
  const path = join(temporaryFolder(), 'users.txt');
  writeFileSync(path, text);
  return path;
}
