import { readFile } from 'node:fs/promises';
import { Home } from '../../support/daemon.ts';
import { type Destinations, openDestinations } from './destinations.ts';
import { Posts, Load, repeatUnanswered } from './load.ts';
import { ENDLESS, rulesOf } from './rules.ts';

interface StatusBody {
  readonly deliveries: Readonly<Record<'pending' | 'sending' | 'held', number>>;
  readonly channels: readonly { readonly name: string; readonly pending: number; readonly held: number }[];
  readonly waiting: Readonly<Record<'for' | 'digest', number>>;
}

export interface ScenarioOptions {
  /** Program that is started; `plantInProgram` makes one with a bug. */
  readonly program?: string;
  /** Further settings of the `daemon:` block, each line indented by two blanks. */
  readonly daemon?: string;
}

/** A built daemon with all embedded channels, their receivers, and the record of what was posted. It may be started many times. */
export class Scenario {
  readonly home: Home;
  readonly destinations: Destinations;
  readonly posts = new Posts();
  /** Starts so far. */
  starts = 0;
  /** Number of ends without a stop: kills and failures. */
  crashes = 0;
  /** Figures of the last comparison, so that a round can count its own. */
  seen = { events: 0, duplicates: 0 };
  readonly #daemon: string;
  #loads = 0;

  private constructor(home: Home, destinations: Destinations, daemon: string) {
    this.home = home;
    this.destinations = destinations;
    this.#daemon = daemon;
  }

  /** Opens the receivers and writes the rules; the daemon is not started yet. */
  static async open({ program, daemon = '' }: ScenarioOptions = {}): Promise<Scenario> {
    const home = await Home.make();
    if (program !== undefined) home.program = program;
    const scenario = new Scenario(home, await openDestinations(home), daemon);
    await scenario.save(0);
    return scenario;
  }

  /** Saves the rules; two versions differ in all messages and in one rule. */
  async save(version: number): Promise<void> {
    await this.home.rules(rulesOf(this.destinations, version), 'rules.yaml', this.#daemon);
  }

  async start(): Promise<void> {
    await this.home.start();
    this.starts += 1;
    this.destinations.listen();
  }

  /** Starts clients that post events until they are stopped. */
  load(options?: ConstructorParameters<typeof Load>[3]): Load {
    this.#loads += 1;
    return new Load(this.home, this.posts, `r${this.#loads}`, options);
  }

  /** Kills the daemon with SIGKILL. */
  async crash(): Promise<void> {
    await this.home.kill();
    this.crashes += 1;
  }

  repeatUnanswered(): Promise<void> {
    return repeatUnanswered(this.home, this.posts);
  }

  /** Whether nothing is under way: no delivery but the endless ones, and no wait of a window. */
  async isQuiet(): Promise<boolean> {
    const { body } = await this.home.call<StatusBody>('GET', '/v1/status');
    const { pending, sending, held } = body.deliveries;
    const endless = body.channels
      .filter(({ name }) => ENDLESS.includes(name))
      .reduce((sum, one) => sum + one.pending + one.held, 0);
    return pending + sending + held <= endless && body.waiting.for === 0 && body.waiting.digest === 0;
  }

  letters(): Promise<string> {
    return readFile(this.home.path('state', 'dead-letters.jsonl'), 'utf8').catch(() => '');
  }

  async close(): Promise<void> {
    // The daemon first: it keeps connections to the mail server open.
    await this.home.close();
    await this.destinations.close();
  }
}
