import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { Home } from '../../support/daemon.ts';
import type { PostgresServer } from '../../support/postgres-server.ts';
import type { Watched } from '../support/conservation.ts';
import { type Destinations, openDestinations } from '../support/destinations.ts';
import { Load, Posts, postEvents, type Posted, type Target } from '../support/load.ts';
import { ENDLESS, KINDS, rulesOf } from '../support/rules.ts';
import { callerOf, Seen } from './caller.ts';

export interface ClusterOptions {
  readonly server: PostgresServer;
  /** Name of the schema, which is made; one of its own for each cluster of a server. */
  readonly schema: string;
  readonly program?: string;
  readonly names?: readonly string[];
  /** Ports by which instances reach the server, by name. */
  readonly ports?: Readonly<Record<string, number>>;
}

/** A delivery that is not final. */
interface Unsettled {
  readonly id: string;
  readonly seq: number;
}

const NAMES: readonly string[] = ['a', 'b', 'c'];
/** Milliseconds between two requests of a client. */
const PAUSE_MS = 100;
const STEP_MS = 25;
/** Milliseconds after which a takeover counts as missing. */
const MAX_TAKEOVER_MS = 20_000;
/** Lines of one daemon that are printed. */
const LOGGED = 20;
/** Kinds whose deliveries have an order, which one client keeps up only at one instance. */
const ORDERED: readonly string[] = ['ordered'];

/** Built daemons on one schema, with all embedded channels, their receivers, and the record of what was posted. */
export class Cluster implements Watched {
  readonly homes: readonly Home[];
  readonly destinations: Destinations;
  readonly posts = new Posts();
  readonly repeatable = new Set<string>();
  readonly #options: ClusterOptions;
  readonly #names: readonly string[];
  seen = new Seen();
  crashes = 0;
  #loads = 0;

  private constructor(homes: readonly Home[], destinations: Destinations, options: ClusterOptions) {
    this.homes = homes;
    this.destinations = destinations;
    this.#options = options;
    this.#names = options.names ?? NAMES;
  }

  /** Makes the schema and starts all daemons. */
  static async start(options: ClusterOptions): Promise<Cluster> {
    const { names = NAMES, program, ports = {}, server, schema } = options;
    const homes = await Promise.all(names.map(() => Home.make()));
    const [first, ...others] = homes as [Home, ...Home[]];
    const destinations = await openDestinations(first, others);
    const cluster = new Cluster(homes, destinations, options);
    for (const [index, home] of homes.entries()) {
      const name = names[index]!;
      // The programs of the channels write into one folder.
      Object.assign(home.env, first.env, { HOME: first.folder });
      if (program !== undefined) home.program = program;
      const url = `postgres://belfry@127.0.0.1:${ports[name] ?? server.port}/postgres`;
      const daemon = `  instance: ${name}\n  store: { type: postgres, url: "${url}", schema: ${schema}, pool: 4 }\n`;
      await home.rules(rulesOf(destinations, 0, name), 'rules.yaml', daemon);
    }
    const migration = first.spawn(['store', 'migrate', '--config', first.path('rules')]);
    const [code] = (await once(migration, 'exit')) as [number];
    if (code !== 0) throw new Error(`the schema was not made: ${first.output}`);
    await Promise.all(homes.map((home) => home.start()));
    destinations.listen(first);
    return cluster;
  }

  /** Daemon that answers the questions of the comparison. */
  get home(): Home {
    return this.homes[0]!;
  }

  nameOf(home: Home): string {
    return this.#names[this.homes.indexOf(home)]!;
  }

  /** Any daemon, another one for each request. */
  get any(): Target {
    return callerOf(this.homes, this.seen);
  }

  /** Starts clients that post until they are stopped: some to all daemons, and some for each of them. */
  load({ clients = 6, pauseMs = PAUSE_MS }: { clients?: number; pauseMs?: number } = {}): { stop(): Promise<void> } {
    this.#loads += 1;
    const kinds = Object.keys(KINDS).filter((kind) => !ORDERED.includes(kind));
    const prefix = `r${this.#loads}`;
    const loads = [
      new Load(this.any, this.posts, prefix, { clients, pauseMs, kinds }),
      ...this.homes.map(
        (home, index) =>
          new Load(callerOf([home], this.seen), this.posts, `${prefix}h${index}`, {
            clients: 2,
            pauseMs,
            kinds: ORDERED,
          }),
      ),
    ];
    return {
      async stop() {
        await Promise.all(loads.map((load) => load.stop()));
      },
    };
  }

  /** Resolves when so many more events were answered. */
  async answered(count: number): Promise<void> {
    await new Promise<void>((resolve) => this.posts.onAnswer(this.posts.answers + count, resolve));
  }

  /** Lets requests wait at the receivers for a moment, so that something is in flight and something waits. */
  async pileUp(ms = 400): Promise<void> {
    this.destinations.answers = 'later';
    await pause(ms);
  }

  /** Posts again what got no answer and has an id of the client. */
  async repeatUnanswered(): Promise<void> {
    const again: readonly Posted[] = this.posts.unanswered.filter(({ isChosen }) => isChosen);
    this.posts.unanswered = this.posts.unanswered.filter(({ isChosen }) => !isChosen);
    for (const posted of again) await postEvents(this.any, this.posts, [posted]);
  }

  /** Deliveries of an instance that are not final, as its present run has them. They may arrive twice if it ends now. */
  async unsettledOf(home: Home): Promise<readonly Unsettled[]> {
    const rows = await this.sql(
      `SELECT d.seq::float AS seq, d.body::json->>'id' AS id FROM SCHEMA.deliveries d JOIN SCHEMA.owners o USING (owner)
        JOIN SCHEMA.owners h ON h.owner = o.holder
        WHERE h.instance = '${this.nameOf(home)}' AND d.state < 3 AND d.channel NOT IN ('${ENDLESS.join("', '")}')`,
    );
    return rows as unknown as readonly Unsettled[];
  }

  /** Kills a daemon; resolves to its backlog. */
  async crash(home: Home): Promise<ReadonlySet<string>> {
    await home.kill();
    this.crashes += 1;
    return this.mayRepeat(home);
  }

  /** Allows what an instance has not settled to arrive twice, because it has just died, hangs or is cut off. */
  async mayRepeat(home: Home): Promise<ReadonlySet<string>> {
    const unsettled = await this.unsettledOf(home);
    for (const { id } of unsettled) this.repeatable.add(id);
    return new Set(unsettled.map(({ id }) => id));
  }

  /** Resolves when another instance has delivered something of a backlog, to the milliseconds since; undefined if that takes too long. */
  async takenOver(
    backlog: ReadonlySet<string>,
    from: Home,
    since: number,
    isSentAgain = () => false,
  ): Promise<number | undefined> {
    const name = this.nameOf(from);
    const isTaken = (): boolean =>
      this.destinations.arrivals.some(
        ({ delivery, sender, accepted }) =>
          accepted && delivery !== undefined && sender !== undefined && sender !== name && backlog.has(delivery),
      ) || isSentAgain();
    while (!isTaken()) {
      if (Date.now() - since > MAX_TAKEOVER_MS) return undefined;
      await pause(STEP_MS);
    }
    return Date.now() - since;
  }

  /** Runs SQL in which `SCHEMA` stands for the name of the schema. */
  sql(text: string): ReturnType<PostgresServer['query']> {
    return this.#options.server.query(text.replaceAll('SCHEMA', this.#options.schema));
  }

  async isQuiet(): Promise<boolean> {
    const [row] = await this.sql(
      `SELECT count(*)::int AS open FROM SCHEMA.deliveries WHERE state < 3 AND channel NOT IN ('${ENDLESS.join("', '")}')`,
    );
    if (row!.open !== 0) return false;
    const { body } = await this.home.call<{ waiting: Record<'for' | 'digest', number> }>('GET', '/v1/status');
    return body.waiting.for === 0 && body.waiting.digest === 0;
  }

  async letters(): Promise<string> {
    const rows = await this.sql('SELECT record FROM SCHEMA.dead_letters');
    return rows.map(({ record }) => `${String(record)}\n`).join('');
  }

  /** Prints what callers saw, and if a promise was broken, what the daemons logged as wrong. */
  summarize(fault: string, { violations }: { readonly violations: readonly string[] }): void {
    process.stderr.write(`${fault}: callers saw ${this.seen.toString()}\n`);
    if (violations.length === 0 && process.env['BELFRY_FAULT_LOGS'] === undefined) return;
    for (const home of this.homes)
      for (const { level, msg, error } of home.lines
        .filter(({ level, msg }) => level === 'error' && !msg.startsWith('refusing:'))
        .slice(-LOGGED))
        process.stderr.write(
          `${this.nameOf(home)} ${level}: ${msg}${error === undefined ? '' : `: ${JSON.stringify(error)}`}\n`,
        );
  }

  async close(): Promise<void> {
    // The daemons first: they keep connections to the mail server open.
    await Promise.all(this.homes.map((home) => home.close()));
    await this.destinations.close();
  }
}
