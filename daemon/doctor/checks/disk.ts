import { open, stat, statfs, unlink } from 'node:fs/promises';
import path from 'node:path';
import { type DoctorResult, fail, ok, warn } from '../../core/problems/doctor.ts';
import type { Machine } from '../../lib/machine/machine.ts';
import type { DoctorCheck } from '../check.ts';

const MIB = 1024 * 1024;
const FEW_BYTES = 1024 * MIB;
const TOO_FEW_BYTES = 64 * MIB;
const FEW_INODES = 1000;
/** Milliseconds of one fsync. Each group of events waits for one. */
const SLOW_SYNC_MS = 50;
const TOO_SLOW_SYNC_MS = 500;
const SYNCS = 5;

/** File systems by their number in statfs(2) on which a state directory is not safe. */
const UNSAFE: Readonly<Record<number, readonly [name: string, reason: string]>> = {
  0x01021994: ['tmpfs', 'its content is lost at the next boot'],
  0x858458f6: ['ramfs', 'its content is lost at the next boot'],
  0x794c7630: ['overlayfs', 'in a container its content is lost with the container'],
  0x6969: ['NFS', 'its locks and syncs are not reliable enough for SQLite'],
  0xff534d42: ['CIFS', 'its locks and syncs are not reliable enough for SQLite'],
  0xfe534d42: ['SMB', 'its locks and syncs are not reliable enough for SQLite'],
  0x517b: ['SMB', 'its locks and syncs are not reliable enough for SQLite'],
};

export const diskChecks: readonly DoctorCheck[] = [
  {
    name: 'disk.room',
    group: 'state',
    about: 'The disk of the state directory has little room; when it is full, new events are refused (507).',
    mend: 'free some room, or lower `daemon.retention.size`',
    async run({ state }) {
      const found = await statfs(await nearestFolder(state.state));
      const free = found.bavail * found.bsize;
      const text = `the disk of ${state.state} has ${Math.floor(free / MIB)} MiB free`;
      return [free < TOO_FEW_BYTES ? fail(text) : free < FEW_BYTES ? warn(text) : ok(text)];
    },
  },
  {
    name: 'disk.inodes',
    group: 'state',
    about: 'The file system of the state directory has no room for further files (inodes).',
    mend: 'delete many small files, or move the state directory',
    async run({ state }) {
      const { files, ffree } = await statfs(await nearestFolder(state.state));
      // Some file systems, such as btrfs, have no fixed number and report 0.
      if (files === 0) return [ok('the file system has no limit of files')];
      const text = `the file system of ${state.state} has room for ${ffree} files`;
      return [ffree < FEW_INODES ? fail(text) : ok(text)];
    },
  },
  {
    name: 'disk.kind',
    group: 'state',
    about: 'The state directory is in memory, in a layer of a container or on a network file system.',
    mend: 'set `daemon.state` to a folder on a local disk; in a container mount a volume there',
    async run({ state }) {
      const { type } = await statfs(await nearestFolder(state.state));
      const unsafe = UNSAFE[type];
      return [
        unsafe === undefined
          ? ok('the state directory is on a local disk')
          : warn(`${state.state} is on ${unsafe[0]}: ${unsafe[1]}`),
      ];
    },
  },
  {
    name: 'disk.sync',
    group: 'state',
    about:
      'The disk of the state directory takes long to store data durably (fsync); each answer to a sender waits for it.',
    mend: 'move the state directory to a faster disk, or find the program that keeps the disk busy (iotop)',
    run: async ({ state }, machine) => await syncResults(state.state, machine),
  },
];

/** The folder, or the nearest one above it that exists. */
async function nearestFolder(folder: string): Promise<string> {
  for (let at = folder; ; at = path.dirname(at)) {
    const found = await stat(at).catch(() => undefined);
    if (found?.isDirectory() === true || at === path.dirname(at)) return at;
  }
}

/** Measures the median of a few small writes with fsync in a file of its own. */
async function syncResults(state: string, { clock }: Machine): Promise<readonly DoctorResult[]> {
  const file = path.join(await nearestFolder(state), `.doctor-${clock.now()}`);
  const opened = await open(file, 'wx', 0o600).catch(() => undefined);
  // A caller who may not write there cannot measure it; `state.directory` reports a daemon that cannot.
  if (opened === undefined) return [];
  try {
    const times: number[] = [];
    for (let count = 0; count < SYNCS; count += 1) {
      await opened.write('belfry doctor\n');
      const before = clock.monotonic();
      await opened.sync();
      times.push(clock.monotonic() - before);
    }
    return [syncResult(times.sort((a, b) => a - b)[Math.floor(SYNCS / 2)]!)];
  } finally {
    await opened.close();
    await unlink(file).catch(() => undefined);
  }
}

function syncResult(ms: number): DoctorResult {
  const text = `an fsync takes ${ms.toFixed(1)} ms (median of ${SYNCS})`;
  if (ms > TOO_SLOW_SYNC_MS) return fail(text);
  return ms > SLOW_SYNC_MS ? warn(text) : ok(text);
}
