import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, statfsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { ROUNDS } from '../rounds.ts';
import { conserved } from '../support/conservation.ts';
import { Rounds, type Violation } from '../support/report.ts';
import { Scenario } from '../support/scenario.ts';
import { FIRST_SEED, Random } from './seed.ts';

const NEEDS_MOUNT = 'mounting a small tmpfs needs root and the right to mount (and the Debian package mount)';
/** Answers of a daemon whose disk is full, and of one that stops. */
const REFUSALS: readonly number[] = [507, 503];
const ANSWERS_ON_FULL_DISK = 60;

/** A disk that is too small, in bytes or in files. */
interface SmallDisk {
  readonly name: string;
  readonly option: (random: Random) => string;
  /** Uses up what is left; the daemon itself does it where this is not set. */
  readonly fill?: (place: string, random: Random) => void;
}

/** A write as large as the rest fits; the last block stays free where the daemon must write the last byte itself. */
function fillBytes(place: string, random: Random): void {
  const { bavail, bsize } = statfsSync(place);
  const left = bsize * Math.floor(random.next() * 40);
  const size = Math.max(0, bavail * bsize - left);
  // The disk may be full before its end, because the daemon writes meanwhile.
  const file = path.join(place, 'ballast');
  spawnSync('dd', ['if=/dev/zero', `of=${file}`, 'bs=4096', `count=${Math.floor(size / 4096)}`], { stdio: 'ignore' });
  if (!existsSync(file)) throw new Error('dd cannot be run');
}

function fillNames(place: string): void {
  const folder = path.join(place, 'ballast');
  mkdirSync(folder);
  try {
    for (let number = 0; ; number += 1) writeFileSync(path.join(folder, String(number)), '');
  } catch {
    // No file can be created any more.
  }
}

const DISKS: readonly SmallDisk[] = [
  { name: 'bytes', option: (random) => `size=${20 + random.upTo(20)}m`, fill: fillBytes },
  { name: 'bytes, by its own writes', option: (random) => `size=${13_000 + 4 * Math.floor(random.next() * 500)}k` },
  { name: 'files', option: (random) => `size=64m,nr_inodes=${30 + random.upTo(200)}`, fill: fillNames },
];

async function fullRound(scenario: Scenario, disk: SmallDisk, random: Random): Promise<Violation[]> {
  const { home, posts, destinations } = scenario;
  const state = home.path('state');
  await scenario.start();
  const before = scenario.load({ clients: 8 });
  await before.answered(random.upTo(200));
  disk.fill?.(state, random);
  const from = posts.answers;
  await before.answered(from + ANSWERS_ON_FULL_DISK);
  await before.stop();
  const flood = disk.fill === undefined ? scenario.load({ clients: 8, padding: 4000, until: 507 }) : undefined;
  await flood?.finished();
  const violations = refusals(scenario);
  // Deliveries that were accepted before are sent meanwhile.
  const arrivals = destinations.arrivals.length;
  execFileSync('mount', ['-o', 'remount,size=256m,nr_inodes=0', state]);
  execFileSync('rm', ['-rf', path.join(state, 'ballast')]);
  await expect.poll(async () => (await home.call('GET', '/readyz')).status, { timeout: 60_000 }).toBe(200);
  const again = scenario.load({ clients: 2 });
  await again.answered(20);
  await again.stop();
  const { violations: more } = await conserved(scenario);
  if (destinations.arrivals.length === arrivals) violations.push({ invariant: 'I6', text: 'nothing was sent again' });
  return [...violations, ...more, ...leftovers(state)];
}

/** The daemon refuses with a code that says so, and does not end. */
function refusals({ posts, home }: Scenario): Violation[] {
  const wrong = [...posts.refused.keys()].filter((status) => !REFUSALS.includes(status));
  return [
    ...wrong.map((status): Violation => ({ invariant: 'I6', text: `refused with ${status}` })),
    ...(posts.unanswered.length === 0
      ? []
      : [{ invariant: 'I6' as const, text: `no answer: ${home.output.slice(-1000)}` }]),
  ];
}

/** Half-written files are not left behind. */
function leftovers(state: string): Violation[] {
  const left = readdirSync(state).filter((name) => name.endsWith('.new') || name === '.room');
  return left.length === 0 ? [] : [{ invariant: 'I6', text: `${left.join()} was left behind` }];
}

test.for(DISKS)(
  'a disk without $name refuses new events, keeps the old ones, and recovers by itself',
  async (disk, context) => {
    const rounds = new Rounds(`disk full: ${disk.name}`, ['I1', 'I2', 'I6', 'I14', 'I24']);
    for (let round = 0; round < ROUNDS; round += 1) {
      const random = new Random(FIRST_SEED + round);
      const scenario = await Scenario.open();
      const state = scenario.home.path('state');
      const option = disk.option(random);
      mkdirSync(state, { mode: 0o700 });
      try {
        execFileSync('mount', ['-t', 'tmpfs', '-o', `${option},mode=0700`, 'tmpfs', state], { stdio: 'ignore' });
      } catch {
        await scenario.close();
        return context.skip(NEEDS_MOUNT);
      }
      try {
        const violations = await fullRound(scenario, disk, random);
        rounds.add(
          'events refused',
          [...scenario.posts.refused.values()].reduce((sum, count) => sum + count, 0),
        );
        rounds.add('events kept', scenario.posts.answered.length);
        rounds.end(violations, `${option}; BELFRY_SEED=${random.seed}`);
      } finally {
        await scenario.home.kill();
        execFileSync('umount', ['-l', state]);
        await scenario.close();
      }
    }
    expect(rounds.violations).toEqual([]);
  },
);
