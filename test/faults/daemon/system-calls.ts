import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import type { Home } from '../../support/daemon.ts';
import type { Random } from './seed.ts';

/** Whether strace may trace here. */
export function canTrace(): boolean {
  try {
    execFileSync('strace', ['-qq', '-o', '/dev/null', 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Files of the state directory that are tried together; `''` is the directory itself. */
export const FILE_GROUPS = {
  store: ['belfry.db', 'belfry.db-wal', 'belfry.db-journal', '.room', 'reserve'],
  'dead letters': ['dead-letters.jsonl', '.dead-letters.jsonl.new'],
  directory: [''],
  'kept rules': ['kept-rules', 'kept-rules/index.json', 'kept-rules/.index.json.new'],
  'small files': ['belfry.json', 'last-config', 'key', 'token', 'inbox', 'belfry.sock'],
} as const;

export type FileGroup = keyof typeof FILE_GROUPS;

/** System calls that are tried together. */
const CALLS = {
  write: ['write', 'pwrite64', 'writev', 'pwritev', 'ftruncate', 'fallocate'],
  sync: ['fsync', 'fdatasync'],
  open: ['openat'],
  name: ['rename', 'renameat2', 'unlink', 'link', 'mkdir', 'chmod', 'fchmod'],
} as const;

export type CallGroup = keyof typeof CALLS;

/** Faults at a system call. */
export const HAPPENINGS = ['error=EIO', 'error=ENOSPC', 'error=EDQUOT', 'error=EROFS', 'signal=SIGKILL'] as const;

/** The n-th of these calls on these files fails, or the process is killed at it; `lasting`: each later one, too. */
export interface FaultyCall {
  readonly files: FileGroup;
  readonly calls: CallGroup;
  readonly happening: (typeof HAPPENINGS)[number];
  readonly nth: number;
  readonly lasting: boolean;
}

/** The daemon is traced to count these calls, for the numbers that are worth trying. */
export type CallCounts = ReadonlyMap<string, number>;

const pathsOf = (home: Home, files: FileGroup): string[] =>
  FILE_GROUPS[files].flatMap((name) => ['-P', name === '' ? home.path('state') : home.path('state', name)]);

/** strace stops the process at the named calls alone. */
const STRACE = ['strace', '-f', '-qq', '--seccomp-bpf'];

/** Makes the next start of the daemon fail at a call. */
export function injectInto(home: Home, { files, calls, happening, nth, lasting }: FaultyCall): void {
  const names = CALLS[calls].join(',');
  const inject = `inject=${names}:${happening}:when=${nth}${lasting ? '+' : ''}`;
  home.tracer = [...STRACE, '-o', '/dev/null', ...pathsOf(home, files), '-e', `trace=${names}`, '-e', inject];
}

/** Makes the next start of the daemon count its calls in a file. */
export function countCalls(home: Home): void {
  const names = Object.values(CALLS).flat().join(',');
  home.tracer = [...STRACE, '-y', '-o', home.path('calls'), '-e', `trace=${names}`];
}

export async function readCounts(home: Home): Promise<CallCounts> {
  const counts = new Map<string, number>();
  const lines = (await readFile(home.path('calls'), 'utf8')).split('\n');
  const state = home.path('state');
  for (const files of Object.keys(FILE_GROUPS) as FileGroup[]) {
    const named = FILE_GROUPS[files].map((name) => (name === '' ? state : `${state}/${name}`));
    for (const calls of Object.keys(CALLS) as CallGroup[]) {
      const isOne = (line: string): boolean =>
        CALLS[calls].some((name) => line.includes(` ${name}(`)) &&
        named.some((file) => line.includes(`<${file}>`) || line.includes(`"${file}"`));
      const count = lines.filter(isOne).length;
      if (count > 0) counts.set(`${files}/${calls}`, count);
    }
  }
  return counts;
}

/** One of the calls that the daemon makes. */
export function someCall(
  random: Random,
  counts: CallCounts,
  happenings: readonly FaultyCall['happening'][],
): FaultyCall {
  const [place, count] = random.pick([...counts]);
  const [files, calls] = place.split('/') as [FileGroup, CallGroup];
  const happening = random.pick(happenings);
  const lasting = happening !== 'signal=SIGKILL' && random.next() < 0.5;
  return { files, calls, happening, nth: random.upTo(count), lasting };
}

export function describeCall({ files, calls, happening, nth, lasting }: FaultyCall): string {
  return `${happening} at ${calls} ${nth}${lasting ? ' and later' : ''} of ${files}`;
}
