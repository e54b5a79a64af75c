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
    file: 'store/sqlite/engine/committer.js',
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
    correct: 'return present.reconfigure(config);',
    wrong:
      'return (void this.#deps.store.deliveries.claim(config.name, { limit: 3, now: Date.now(), ordered: false }), present.reconfigure(config));',
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
  'dead letter without fsync': {
    file: 'delivery/dead-letters/dead-letters.js',
    correct: 'await handle.sync().catch((cause) => this.#fail(cause));',
    wrong: '',
  },
  'dead letter without sync of its folder': {
    file: 'delivery/dead-letters/dead-letters.js',
    correct: 'if (isNew) await this.#syncEntry().catch((cause) => this.#fail(cause));',
    wrong: '',
  },
  'dead letter after its delivery ended': {
    file: 'delivery/dead-letters/dead-letter.js',
    correct: '() => deadLetters.append(record)); await settleDead(delivery, made, reason, fallback, deps);',
    wrong:
      'async () => undefined); await settleDead(delivery, made, reason, fallback, deps); await deadLetters.append(record);',
  },
  'delivered before it is sent': {
    file: 'delivery/lane/lane.js',
    correct:
      'const ended = await this.#attempt(delivery); const { outcome, record, exchange } = ended; const policy = this.#clockEffects.policyFor(delivery, this.#policy);',
    wrong: `const early = { attempt: { at: new Date().toISOString(), ms: 0 }, receipt: { status: 200 } };
      if (delivery.channel === 'ordered') await this.#deps.store.deliveries.settle(delivery.id, { state: 'delivered', ...early });
      const ended = await this.#attempt(delivery);
      if (delivery.channel === 'ordered') return;
      const { outcome, record, exchange } = ended; const policy = this.#clockEffects.policyFor(delivery, this.#policy);`,
  },
  'resend deletes first': {
    file: 'delivery/manual/resend.js',
    correct: 'const changes = new BatchedChanges(this.#deps.deadLetters, records.length);',
    wrong: `const changes = new BatchedChanges(this.#deps.deadLetters, records.length);
      await this.#deps.deadLetters.change(new Map(records.map(({ id }) => [id, null])));`,
  },
  'permanent failure is retried': {
    file: 'core/delivery/judge.js',
    correct: "return outcome.failure.class === 'permanent' ||",
    wrong: 'return',
  },
  'reload drops what waits': {
    file: 'delivery/lane/lane.js',
    correct: 'this.#admission.reconfigure(config.policy);',
    wrong: `this.#admission.reconfigure(config.policy);
      const { deliveries } = this.#deps.store;
      const dropped = await deliveries.claim(this.name, { limit: 8, now: Date.now() + 3_600_000, ordered: false });
      for (const { id } of dropped) await deliveries.settle(id, { state: 'cancelled' });`,
  },
  'torn dead letter is kept': {
    file: 'delivery/dead-letters/file.js',
    correct: 'await handle.truncate(size - tail.length);',
    wrong: '',
  },
  'nothing is heard of other instances': {
    file: 'store/postgres/feed/feed.js',
    correct: 'if (ended) await onEnded();',
    wrong: '',
  },
  'transaction sent again is made again': {
    file: 'store/postgres/schema/functions/commit.js',
    correct: 'IF FOUND THEN RETURN before; END IF;',
    wrong: '',
  },
  'secrets are shown': {
    file: 'lib/secrets/scrubber.js',
    correct: 'if (spans.length === 0) return text;',
    wrong: 'if (spans.length >= 0) return text;',
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
  const words = code
    .replaceAll("'", '"')
    .split(/\s+|(?<=[({])|(?=[)}])/)
    .filter((word) => word !== '');
  return new RegExp(
    words
      .map((word) => word.replace(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`).replaceAll('"', `["']`))
      .join(String.raw`\s*`),
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
