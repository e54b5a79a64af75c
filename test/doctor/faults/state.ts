import { execFileSync } from 'node:child_process';
import { chmod, chown, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { systemClock } from '../../../daemon/lib/time/clock.ts';
import { openStore } from '../../../daemon/store/sqlite/sqlite.ts';
import { mountSmallDisk } from '../../support/small-disk.ts';
import { type Faults, NEEDS_ROOT } from './fault.ts';

const NOBODY = 65_534;

export const stateFaults: Faults = {
  'state.directory': {
    level: 'fail',
    says: /cannot be used: .*not a folder/,
    async make(folder) {
      await writeFile(path.join(folder, 'file'), '');
      return { state: path.join(folder, 'file', 'state') };
    },
  },
  'state.mode': {
    level: 'warn',
    says: /has the mode 755/,
    async make(folder) {
      const state = path.join(folder, 'open');
      await mkdir(state);
      await chmod(state, 0o755);
      return { state };
    },
  },
  'state.owner': {
    level: 'fail',
    says: /belongs to the user 0, and other users own: belfry\.db \(user 65534\)/,
    skip: NEEDS_ROOT,
    async make(folder) {
      const state = path.join(folder, 'state');
      await mkdir(state);
      await writeFile(path.join(state, 'belfry.db'), '');
      await chown(path.join(state, 'belfry.db'), NOBODY, NOBODY);
      return {};
    },
  },
  'state.store': {
    level: 'fail',
    says: /belfry\.db is malformed: it is not a SQLite database \(SQLITE_NOTADB\); first seen at \d{4}-/,
    async make(folder) {
      await mkdir(path.join(folder, 'state'));
      await writeFile(path.join(folder, 'state', 'belfry.db'), 'text'.repeat(2000));
      await expect(openStore({ path: path.join(folder, 'state') })).rejects.toThrow('is malformed');
      return {};
    },
  },
  'inbox.readable': {
    level: 'fail',
    says: /inbox: .*1\.json: it is not an event/,
    make: (folder) => inboxWith(folder, 'garbage'),
  },
  'inbox.waiting': {
    level: 'warn',
    says: /1 events wait/,
    make: (folder) => inboxWith(folder, '{"id":"1","type":"a"}'),
  },
  'socket.access': {
    level: 'fail',
    says: /is open to the user \d+ and the group \w+, and this user is neither/,
    async make(folder) {
      const socket = path.join(folder, 'state', 'belfry.sock');
      await mkdir(path.dirname(socket));
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(socket, resolve));
      onTestFinished(() => void server.close());
      await chmod(socket, 0o660);
      return { machine: { uid: NOBODY, groups: [NOBODY] } };
    },
  },
  'socket.group': {
    level: 'fail',
    says: /there is no group pagers/,
    make: () => ({ daemon: 'socket_group: pagers', programs: { getent: 'exit 2' } }),
  },
  'runtime.directory': { level: 'warn', says: /there is no record of the daemon/, make: () => ({ running: {} }) },
  'backup.age': {
    level: 'warn',
    says: /the last backup is 8d old/,
    make: () => ({ running: { lastBackup: Date.now() - 8 * 24 * 3_600_000 } }),
  },
  'disk.room': {
    level: 'fail',
    says: /has \d MiB free/,
    skip: NEEDS_ROOT,
    async make(folder) {
      const state = path.join(folder, 'disk');
      await mkdir(state);
      const disk = mountSmallDisk(state, 8)!;
      onTestFinished(() => disk.unmount());
      return { state };
    },
  },
  'disk.inodes': {
    level: 'fail',
    says: /has room for \d+ files/,
    skip: NEEDS_ROOT,
    async make(folder) {
      const state = path.join(folder, 'disk');
      await mkdir(state);
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'nr_inodes=20,mode=0700', 'tmpfs', state]);
      onTestFinished(() => void execFileSync('umount', ['-l', state]));
      return { state };
    },
  },
  'disk.kind': {
    level: 'warn',
    says: /is on tmpfs/,
    async make() {
      const state = await mkdtemp('/dev/shm/belfry-');
      onTestFinished(() => rm(state, { recursive: true }));
      return { state };
    },
  },
  'disk.sync': {
    level: 'fail',
    says: /an fsync takes 600\.0 ms/,
    make() {
      // Each reading of the clock is 600 ms later, so that each fsync seems to take that long.
      let now = 0;
      return { machine: { clock: { ...systemClock, monotonic: () => (now += 600) } } };
    },
  },
};

async function inboxWith(folder: string, text: string) {
  await mkdir(path.join(folder, 'state', 'inbox'), { recursive: true });
  await writeFile(path.join(folder, 'state', 'inbox', '1.json'), text);
  return {};
}
