import { rm, writeFile } from 'node:fs/promises';
import { expect } from 'vitest';
import type { Target } from './target.ts';

export interface Problem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly level: 'error' | 'warning';
  readonly code: string;
  readonly message: string;
  readonly mend: string;
}

export interface Reload {
  readonly ok: boolean;
  readonly generation: number;
  readonly problems: readonly Problem[];
}

/** `daemon:` lines of a target whose files are only read by a forced reload. */
export const NO_WATCH = '  reload: { watch: false }\n';
const FILE = 'attack.yaml';

export async function reload({ home }: Target): Promise<Reload> {
  return (await home.call<Reload>('POST', '/v1/reload')).body;
}

/** Reloads with one more rules file. The file stays. */
export async function reloadWith(target: Target, text: string | Buffer, name = FILE): Promise<Reload> {
  await writeFile(target.home.path('rules', name), text);
  return reload(target);
}

/** Reloads without the file of the attack. */
export async function withdraw(target: Target, name = FILE): Promise<void> {
  await rm(target.home.path('rules', name), { force: true, recursive: true });
  expect(await reload(target)).toMatchObject({ ok: true });
}

/** Fails unless a reload with each text is refused with a problem of this code at a place in the file, and the live rules stay. */
export async function expectRefused(
  target: Target,
  texts: readonly (readonly [text: string | Buffer, code: string | RegExp])[],
): Promise<void> {
  const before = await reload(target);
  for (const [text, code] of texts) {
    const { ok, generation, problems } = await reloadWith(target, text);
    const found = problems.find((problem) => problem.level === 'error' && problem.file.endsWith(FILE));
    const shown = text.toString('utf8').slice(0, 200);
    expect([shown, ok, found?.code, generation]).toEqual([
      shown,
      false,
      typeof code === 'string' ? code : expect.stringMatching(code),
      before.generation,
    ]);
    expect(found).toMatchObject({
      line: expect.any(Number),
      column: expect.any(Number),
      mend: expect.stringMatching(/./),
    });
  }
  await withdraw(target);
}

/** Fails unless a reload with each text is applied. */
export async function expectApplied(target: Target, texts: readonly string[]): Promise<void> {
  for (const text of texts) {
    const { ok, problems } = await reloadWith(target, text);
    expect([text.slice(0, 200), ok, problems.filter(({ level }) => level === 'error')]).toEqual([
      text.slice(0, 200),
      true,
      [],
    ]);
  }
  await withdraw(target);
}

/** A rules file with one rule that has this line. */
export const ruleWith = (line: string): string => `rules:\n  - name: attacked\n    notify: proof\n    ${line}\n`;
