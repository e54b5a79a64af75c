import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'vitest';
import { file } from '../../../daemon/channels/local/file.ts';
import { sampleEvent } from '../../support/delivery.ts';
import type { ChannelContract } from '../contract.ts';

export const textOf = async (name: string): Promise<string> => await readFile(name, 'utf8').catch(() => '');

export const linesOf = async (name: string): Promise<string[]> =>
  (await textOf(name)).split('\n').filter((line) => line !== '');

const OBSTACLES = {
  folder: async (target: string) => void (await mkdir(target, { recursive: true })),
  'below a file': (target: string) => writeFile(path.dirname(target), ''),
  async circle(target: string) {
    await mkdir(path.dirname(target));
    await symlink(path.basename(target), target);
  },
};

export const contract: ChannelContract<keyof typeof OBSTACLES> = {
  type: file,
  secrets: [],
  async openDestination() {
    const folder = await mkdtemp(path.join(tmpdir(), 'belfry-file-'));
    const target = path.join(folder, 'out', 'messages.jsonl');
    return {
      settings: { path: target },
      respondWith: () => undefined,
      refuseWith: (obstacle) => OBSTACLES[obstacle](target),
      received: () => linesOf(target),
      close: () => rm(folder, { recursive: true }),
    };
  },
  refusals: [
    {
      when: '`path` is a folder',
      answer: 'folder',
      class: 'permanent',
      code: 'file.eisdir',
      misconfigured: true,
      mend: 'correct `path`',
    },
    {
      when: 'a folder in `path` is a file',
      answer: 'below a file',
      class: 'permanent',
      code: 'file.eexist',
      misconfigured: true,
      mend: 'correct `path`',
    },
    {
      when: '`path` goes round in a circle of links',
      answer: 'circle',
      class: 'permanent',
      code: 'file.eloop',
      misconfigured: true,
      mend: 'correct the links',
    },
  ],
  cases: {
    rateLimited: { notApplicable: 'a disk has no rate' },
    serverError: { notApplicable: 'tested below with a device that is always full' },
    hang: { notApplicable: 'writing to a disk cannot be called off' },
    oversize: (received) => void JSON.parse(received),
    hostile(received, sent) {
      expect(JSON.parse(received)).toMatchObject({ tags: sent.tags, event: sampleEvent() });
    },
    sameId: (received) => (JSON.parse(received) as { id: string }).id,
  },
};
