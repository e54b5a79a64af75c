import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { Home } from '../support/daemon.ts';
import { missingPrograms, runBlock } from '../support/shell-blocks.ts';

const root = path.resolve(import.meta.dirname, '../..');

/** A command that needs the network or another machine, or installs something. */
const NOT_HERE = /^(?:sudo|npm|git|docker|systemctl) /m;

interface Step {
  readonly commands: string;
  /** Exit codes that a comment at the last command announces; 0 without one. */
  readonly codes: readonly number[];
  /** Lines of the output that the page shows; `…` stands for anything. */
  readonly output: readonly string[];
}

/**
 * Code blocks of a page that a shell runs, each with the output that is shown before the next one. A block of YAML is saved as the
 * file that the sentence before it names.
 */
function stepsOf(page: string): readonly Step[] {
  const blocks = [...page.matchAll(/(.*)\n\n```(sh|text|yaml)\n([\s\S]*?)^```/gm)].map(([, before, kind, text]) => ({
    before: before!,
    kind,
    text: text!,
  }));
  return blocks.flatMap(({ before, kind, text }, index) => {
    const file = kind === 'yaml' ? /`(rules\/[\w.-]+)`/.exec(before)?.[1] : undefined;
    if (file !== undefined) return [{ commands: `cat > ${file} <<'END'\n${text}END\n`, codes: [0], output: [] }];
    if (kind !== 'sh' || NOT_HERE.test(text)) return [];
    const next = blocks[index + 1];
    const output = next?.kind === 'text' ? next.text.trimEnd().split('\n') : [];
    return [{ commands: text, codes: codesOf(text), output }];
  });
}

function codesOf(commands: string): readonly number[] {
  const announced = /# ends with (?<code>\d+)(?<condition> if .*)?/.exec(commands)?.groups;
  if (announced === undefined) return [0];
  return announced.condition === undefined ? [Number(announced.code)] : [0, Number(announced.code)];
}

function pattern(shown: string): RegExp {
  const parts = shown.split('…').map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll(/ +/g, ' +'));
  return new RegExp(`^${parts.join('.*')}$`, 'm');
}

/** Runs the blocks of a page in their order in one folder, with a daemon from the block that starts one. */
async function follow(file: string): Promise<number> {
  const steps = stepsOf(await readFile(path.join(root, file), 'utf8'));
  const home = await Home.make();
  try {
    for (const { commands, codes, output } of steps) {
      if (/^belfry run$/m.test(commands)) {
        expect(await runBlock(home, commands.replace(/^belfry run$/m, ''))).toMatchObject({ code: 0 });
        await writeFile(
          home.path('rules', 'daemon.yaml'),
          'daemon: { listen: "127.0.0.1:0", log: { format: json } }\n',
        );
        await home.start();
        continue;
      }
      const ran = await runBlock(home, commands);
      if (!codes.includes(ran.code)) expect.fail(`${commands}ended with ${ran.code}:\n${ran.stdout}${ran.stderr}`);
      for (const line of output) expect(ran.stdout).toMatch(pattern(line));
    }
    return steps.length;
  } finally {
    await home.close();
  }
}

describe.skipIf(missingPrograms.length > 0)('the commands of a page (needs bash, curl and openssl)', () => {
  test('work in their order for docs/first-hour.md', async () => {
    expect(await follow('docs/first-hour.md')).toBeGreaterThan(10);
  }, 120_000);

  test('work in their order for README.md', async () => {
    expect(await follow('README.md')).toBe(4);
  }, 120_000);
});
