import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { copyDebianRoot, INSTALLED, linkBelfry, Machine, removeRoot, whyNoDebianRoot } from '../support/debian-root.ts';

const why = whyNoDebianRoot();

describe.skipIf(why !== undefined)(`a clean Debian${why === undefined ? '' : ` (${why})`}`, () => {
  let root: string;
  let machine: Machine;
  beforeAll(async () => {
    root = await copyDebianRoot();
    await linkBelfry(root);
    machine = await Machine.boot(root, INSTALLED);
  });
  afterAll(async () => {
    await machine.stop();
    await removeRoot(root);
  });

  test('runs the installed program as root and as another user', async () => {
    await machine.shell('useradd --create-home ada');
    for (const user of [undefined, 'ada']) {
      const { code, stdout } = await machine.run(['belfry', 'version'], user === undefined ? {} : { user });
      expect([code, stdout.trim()]).toEqual([0, expect.stringMatching(/\d+\.\d+\.\d+/)]);
    }
  });
});
