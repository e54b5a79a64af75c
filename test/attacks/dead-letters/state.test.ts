import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { mountSmallDisk } from '../../support/small-disk.ts';
import { attacksOn } from '../support/attack.ts';

/** Whether this machine allows to mount. */
async function mayMount(): Promise<boolean> {
  const place = await mkdtemp(path.join(tmpdir(), 'belfry-attacks-'));
  const disk = mountSmallDisk(place, 1);
  disk?.unmount();
  await rm(place, { recursive: true });
  return disk !== undefined;
}
const needsMount = (await mayMount()) ? '' : ' (skipped: mounting is not allowed here)';

const attack = attacksOn();

attack(
  'H12',
  async ({ home }) => {
    const state = home.path('state');
    const aside = home.path('aside');
    await home.stop();

    execFileSync('mount', ['--bind', state, state]);
    let isMounted = true;
    const unmount = (): void => {
      if (isMounted) execFileSync('umount', ['-l', state]);
      isMounted = false;
    };
    onTestFinished(unmount);
    execFileSync('mount', ['-o', 'remount,ro,bind', state]);
    const before = await readdir(state);
    await expect(home.start()).rejects.toThrow(/ended with 78 [\s\S]*state/);
    expect(await readdir(state)).toEqual(before);
    unmount();

    // Removed, and another folder in its place.
    for (const replace of [undefined, () => mkdir(state, { mode: 0o700 })]) {
      await home.start();
      const from = home.output.length;
      await rename(state, aside);
      await replace?.();
      expect(await home.exited()).toBe(74);
      expect(home.output.slice(from)).toContain('was removed or replaced');
      const found = await readdir(state).catch(() => undefined);
      expect(found).toEqual(replace === undefined ? undefined : []);
      await rm(state, { recursive: true, force: true });
      await rename(aside, state);
    }

    await rename(state, aside);
    await mkdir(state);
    const disk = mountSmallDisk(state, 64)!;
    onTestFinished(() => disk.unmount());
    await home.start();
    const { stdout } = await home.belfry(['doctor']);
    expect(stdout).toMatch(/tmpfs/);
    const { status } = await home.call('POST', '/v1/events?wait=30s', { type: 'attack.proof' });
    expect(status).toBe(200);
  },
  needsMount,
);
