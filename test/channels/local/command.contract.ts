import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'vitest';
import { command } from '../../../daemon/channels/local/command.ts';
import { systemClock } from '../../../daemon/lib/time/clock.ts';
import type { ChannelContract } from '../contract.ts';

export const env = { PATH: process.env.PATH, HOME: '/home/of-the-daemon', AWS_SECRET: 'must-not-be-inherited' };

export const TOKEN = 'token-of-the-pager';

export const sh = (script: string, ...args: string[]) => ({ run: ['sh', '-c', script, 'sh', ...args] });

export const linesOf = async (file: string): Promise<string[]> =>
  (await readFile(file, 'utf8').catch(() => '')).split('\n').filter((line) => line !== '');

/** Resolves when the file has `count` lines. */
export async function linesIn(file: string, count: number): Promise<void> {
  while ((await linesOf(file)).length < count) await new Promise((resolve) => setImmediate(resolve));
}

export const contract: ChannelContract<number> = {
  type: command,
  secrets: [TOKEN],
  async openDestination() {
    const folder = await mkdtemp(path.join(tmpdir(), 'belfry-command-'));
    const inbox = path.join(folder, 'inbox');
    const answer = path.join(folder, 'answer');
    const script = 'cat >> "$INBOX"; exec sh "$ANSWER"';
    const says = {
      success: 'echo taken',
      refusal: '',
      rateLimited: '',
      serverError: 'exit 75',
      hang: 'exec sleep 60',
    };
    return {
      settings: { ...sh(script), env: { INBOX: inbox, ANSWER: answer, TOKEN } },
      tools: { env, clock: systemClock },
      respondWith: (name) => writeFile(answer, says[name]),
      refuseWith: (exit) => writeFile(answer, `exit ${exit}`),
      received: () => linesOf(inbox),
      arrived: (count) => linesIn(inbox, count),
      close: () => rm(folder, { recursive: true }),
    };
  },
  refusals: [
    {
      when: 'exit code 1, or another without a meaning',
      answer: 1,
      class: 'permanent',
      code: 'command.exit_1',
      mend: 'look at the output with `belfry dead show ID`',
    },
    {
      when: 'exit code 64: wrong arguments',
      answer: 64,
      class: 'permanent',
      code: 'command.exit_64',
      misconfigured: true,
      mend: 'correct `run`',
    },
    {
      when: 'exit code 69: a service is not available',
      answer: 69,
      class: 'transient',
      code: 'command.exit_69',
      mend: 'nothing: it is retried',
    },
    {
      when: 'exit code 75: try again later',
      answer: 75,
      class: 'transient',
      code: 'command.exit_75',
      mend: 'nothing: it is retried',
    },
    {
      when: 'exit code 77: no permission',
      answer: 77,
      class: 'permanent',
      code: 'command.exit_77',
      misconfigured: true,
      mend: 'correct the credentials of the program',
    },
    {
      when: 'exit code 78: wrong configuration',
      answer: 78,
      class: 'permanent',
      code: 'command.exit_78',
      misconfigured: true,
      mend: 'correct the configuration of the program',
    },
    {
      when: 'exit code 127: the program of a shell does not exist',
      answer: 127,
      class: 'permanent',
      code: 'command.exit_127',
      misconfigured: true,
      mend: 'correct `run`',
    },
    {
      when: 'exit code 255',
      answer: 255,
      class: 'permanent',
      code: 'command.exit_255',
      mend: 'look at the output with `belfry dead show ID`',
    },
  ],
  cases: {
    rateLimited: { notApplicable: 'an exit code cannot say how long to wait' },
    serverError: { code: 'command.exit_75' },
    hang: { code: 'command.timeout' },
    oversize: (received) => void JSON.parse(received),
    hostile(received, sent) {
      expect(JSON.parse(received)).toMatchObject({ tags: sent.tags, priority: 'normal' });
    },
    sameId: (received) => (JSON.parse(received) as { id: string }).id,
  },
};
