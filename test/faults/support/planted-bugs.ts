import { existsSync } from 'node:fs';
import { cp, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

/** Piece of compiled code and the wrong one that replaces it; `file` is its module below `dist/`. */
export interface PlantedBug {
  readonly file: string;
  readonly correct: string;
  readonly wrong: string;
}

/** Bugs that the suite must find. No build that is published has a switch for them: a test replaces compiled code of its own copy. */
export const BUGS = {
  'no fsync': {
    file: 'store/sqlite/engine/engine.js',
    correct: 'synchronous = FULL',
    wrong: 'synchronous = OFF',
  },
  'answer before writing': {
    file: 'store/sqlite/commit/commit.js',
    correct: 'this.#inFlight.push({ batch, counters });',
    wrong: 'this.#inFlight.push({ batch, counters }); for (const early of batch) early.resolve([]);',
  },
  /** The attempts of all channels count as those of each. */
  'no bulkhead': {
    file: 'delivery/lane/in-flight.js',
    correct: '#attempts = 0;',
    wrong: 'get #attempts() { return globalThis.attempts ?? 0; } set #attempts(count) { globalThis.attempts = count; }',
  },
  /** Deliveries that are due when a channel is reloaded are claimed, and not sent. */
  'drop on reload': {
    file: 'delivery/lanes.js',
    correct: 'if (present !== undefined) return present.reconfigure(config);',
    wrong:
      'if (present !== undefined) { void this.#deps.store.deliveries.claim(name, { limit: 3, now: Date.now(), ordered: false }); return present.reconfigure(config); }',
  },
  'state directory not locked': {
    file: 'store/sqlite/engine/engine.js',
    correct: 'locking_mode = EXCLUSIVE',
    wrong: 'locking_mode = NORMAL',
  },
  /** The last due time of a schedule is not stored with its event, which has another id each time. */
  'schedule tick not recorded': {
    file: 'sources/schedule.js',
    correct: 'io.emit(event, [{ key:',
    wrong: 'io.emit({ ...event, id: String(Math.random()) }, [{ key: scheduled_at, other:',
  },
} satisfies Record<string, PlantedBug>;

export type BugName = keyof typeof BUGS;

/** Replaces code in the modules that `tsc` compiled to `dist`. */
export async function plantInModules(dist: string, name: BugName): Promise<void> {
  const { file, correct, wrong } = BUGS[name];
  const target = path.join(dist, file);
  const code = await readFile(target, 'utf8');
  if (!patternOf(correct).test(code)) throw new Error(`${file} has no place for the bug "${name}"`);
  await writeFile(
    target,
    code.replace(patternOf(correct), () => wrong),
  );
}

/** The bundle breaks lines in other places than the modules do. */
function patternOf(code: string): RegExp {
  const words = code.split(/\s+|(?<=[({])|(?=[)}])/).filter((word) => word !== '');
  return new RegExp(
    words.map((word) => word.replace(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`)).join(String.raw`\s*`),
    'g',
  );
}

/** Copy of the built program with bugs in it. `program` is what a `Home` runs. */
export interface BuggyProgram {
  readonly program: string;
  remove(): Promise<void>;
}

/** Copies the bundle that `npm run build` made, and replaces code in the copy. */
export async function plantInProgram(name: BugName): Promise<BuggyProgram> {
  const folder = await mkdtemp(path.join(tmpdir(), 'belfry-bug-'));
  for (const part of ['bin', 'bundle', 'assets', 'schemas', 'package.json']) {
    const from = path.join(ROOT, part);
    if (!existsSync(from)) throw new Error(`${from} is missing: run \`npm run build\` first`);
    await cp(from, path.join(folder, part), { recursive: true, filter: (file) => !file.endsWith('.map') });
  }
  await symlink(path.join(ROOT, 'node_modules'), path.join(folder, 'node_modules'));
  await plantInBundle(path.join(folder, 'bundle'), name);
  return { program: path.join(folder, 'bin', 'belfry.js'), remove: () => rm(folder, { recursive: true }) };
}

/** The bundle has the code of many modules in files whose names change, so the place is found by its text, which must occur once. */
async function plantInBundle(bundle: string, name: BugName): Promise<void> {
  const { correct, wrong } = BUGS[name];
  let places = 0;
  for (const file of (await readdir(bundle)).filter((one) => one.endsWith('.js'))) {
    const target = path.join(bundle, file);
    const code = await readFile(target, 'utf8');
    const found = code.match(patternOf(correct))?.length ?? 0;
    places += found;
    if (found > 0)
      await writeFile(
        target,
        code.replace(patternOf(correct), () => wrong),
      );
  }
  if (places !== 1) throw new Error(`the bundle has ${places} places for the bug "${name}", not 1`);
}
