import { setTimeout as pause } from 'node:timers/promises';
import type { Home } from '../../support/daemon.ts';
import { KINDS } from './rules.ts';

/** Daemon that events are posted to. */
export type Target = Pick<Home, 'call'>;

/** Event that a client posted. */
export interface Posted {
  readonly kind: string;
  readonly subject: string;
  /** Number among the events of its client. */
  readonly number: number;
  /** Id that the client chose, or that the daemon gave; undefined while there is no answer. */
  id: string | undefined;
  readonly isChosen: boolean;
}

/** Events that were posted, by what was answered. */
export class Posts {
  /** Answered 2xx, in the order of the answers. */
  readonly answered: Posted[] = [];
  /** No answer came: they may be stored or not. */
  unanswered: Posted[] = [];
  /** Refused events by status. */
  readonly refused = new Map<number, number>();
  #waiting: { readonly count: number; readonly resolve: () => void }[] = [];

  /** Number of answers, also of refusals. */
  answers = 0;

  /** Calls `resolve` at so many answers. */
  onAnswer(count: number, resolve: () => void): void {
    this.#waiting.push({ count, resolve });
    this.#notify();
  }

  add(batch: readonly Posted[]): void {
    this.answered.push(...batch);
    this.answers += batch.length;
    this.#notify();
  }

  refuse(batch: readonly Posted[], status: number): void {
    this.refused.set(status, (this.refused.get(status) ?? 0) + batch.length);
    this.answers += batch.length;
    this.#notify();
  }

  #notify(): void {
    const over = this.#waiting.filter(({ count }) => count <= this.answers);
    this.#waiting = this.#waiting.filter(({ count }) => count > this.answers);
    for (const { resolve } of over) resolve();
  }
}

interface LoadOptions {
  readonly clients?: number;
  /** Text that makes the events larger. */
  readonly padding?: number;
  /** Kinds of events that are posted; all if not given. */
  readonly kinds?: readonly string[];
  /** Milliseconds that a client waits before each of its requests. It goes on after one without an answer then. */
  readonly pauseMs?: number;
  /** A client ends at the first answer with this status. */
  readonly until?: number;
}

const WHEEL: readonly string[] = Object.entries(KINDS).flatMap(([name, { share }]) =>
  Array.from({ length: share }, () => name),
);
const MAX_BATCH = 4;
/** Keys of one client for the rules with windows. */
const KEYS = 3;

/** Clients that post events one request after another until they are stopped. Half of them choose the ids of their events. */
export class Load {
  readonly #home: Target;
  readonly #posts: Posts;
  readonly #prefix: string;
  readonly #options: LoadOptions;
  readonly #wheel: readonly string[];
  /** Answers before this load. */
  readonly #before: number;
  readonly #running: Promise<unknown>;
  #isStopping = false;

  /** `prefix` makes the ids and the keys unique. */
  constructor(home: Target, posts: Posts, prefix: string, options: LoadOptions = {}) {
    this.#home = home;
    this.#posts = posts;
    this.#prefix = prefix;
    this.#options = options;
    this.#before = posts.answers;
    const { kinds, clients = 16 } = options;
    this.#wheel = kinds === undefined ? WHEEL : WHEEL.filter((kind) => kinds.includes(kind));
    this.#running = Promise.all(Array.from({ length: clients }, (_, client) => this.#post(client)));
  }

  /** Resolves when this load got so many answers, also refusals, or every client has ended. */
  async answered(count: number): Promise<void> {
    const wanted = this.#before + count;
    await Promise.race([this.#running, new Promise<void>((resolve) => this.#posts.onAnswer(wanted, resolve))]);
  }

  /** Resolves when every client has ended by itself. */
  async finished(): Promise<void> {
    await this.#running;
  }

  /** Resolves when each client has its last answer, or none because the daemon ended. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.#running;
  }

  async #post(client: number): Promise<void> {
    for (let number = 0; !this.#isStopping; ) {
      const size = 1 + ((client + number) % MAX_BATCH);
      const batch = Array.from({ length: size }, (_, index) => this.#event(client, number + index));
      number += size;
      if (this.#options.pauseMs !== undefined) await pause(this.#options.pauseMs);
      const status = await postEvents(this.#home, this.#posts, batch, this.#options.padding);
      if (status === undefined && this.#options.pauseMs === undefined) return;
      if (status !== undefined && status === this.#options.until) return;
    }
  }

  #event(client: number, number: number): Posted {
    const isChosen = client % 2 === 0;
    const name = `${this.#prefix}c${client}n${number}`;
    return {
      kind: this.#wheel[(client * 7 + number) % this.#wheel.length]!,
      subject: `${this.#prefix}c${client}k${number % KEYS}`,
      number,
      id: isChosen ? name : undefined,
      isChosen,
    };
  }
}

/** Posts events in one request. Resolves to the status; undefined if no answer came. */
export async function postEvents(
  home: Target,
  posts: Posts,
  batch: readonly Posted[],
  padding = 0,
): Promise<number | undefined> {
  const body = batch.map(({ kind, subject, number, id, isChosen }) => ({
    type: kind,
    subject,
    ...(isChosen && { id }),
    data: { number, ...(padding > 0 && { padding: 'x'.repeat(padding) }) },
  }));
  try {
    const answer = await home.call<{ events: { id: string }[] }>('POST', '/v1/events', body);
    if (answer.status !== 202) {
      posts.refuse(batch, answer.status);
      return answer.status;
    }
    for (const [index, { id }] of answer.body.events.entries()) batch[index]!.id = id;
    posts.add(batch);
    return answer.status;
  } catch {
    posts.unanswered.push(...batch);
    return undefined;
  }
}

/** Posts again what got no answer and has an id of the client, as a client does after a crash. */
export async function repeatUnanswered(home: Target, posts: Posts): Promise<void> {
  const again = posts.unanswered.filter(({ isChosen }) => isChosen);
  posts.unanswered = posts.unanswered.filter(({ isChosen }) => !isChosen);
  // One by one, in the order of each client.
  for (const posted of again) await postEvents(home, posts, [posted]);
}
