import { BelfryError, EXIT } from '../../../core/problems/failure.ts';
import type { Clock } from '../../../lib/time/clock.ts';
import type { StateKey } from '../../../core/flow/decision.ts';
import { ID_SLOTS } from '../../../lib/id.ts';
import { hashOf } from '../../shared/keys.ts';
import type { Database } from '../engine/database.ts';
import { causeOf, isTransient } from '../engine/errors.ts';
import { LEASE_SECONDS } from '../schema/functions/members.ts';

/** A living instance, as the others see it. */
export interface Member {
  readonly owner: number;
  readonly instance: string;
  readonly slot: number;
  /** Milliseconds since the epoch. */
  readonly since: number;
  /** Milliseconds that are left of its lease. */
  readonly ms: number;
  readonly details: MemberDetails;
}

/** Facts about an instance, which it renews with each beat. */
export interface MemberDetails {
  readonly host: string;
  readonly pid: number;
  readonly version?: string;
  readonly generation?: number;
  /** Fingerprint of its rules. */
  readonly rules?: string;
  /** Milliseconds by which its clock is ahead of the server's. */
  readonly clockAhead?: number;
  /** Whether notifications reach it. */
  readonly isListening?: boolean;
  /** Deliveries that are not final, by channel. */
  readonly channels?: Readonly<
    Record<string, { readonly pending: number; readonly sending: number; readonly oldest?: number }>
  >;
}

export interface MembershipDeps {
  readonly database: Database;
  readonly schema: string;
  readonly instance: string;
  readonly clock: Clock;
  /** Whether a process of this host lives. */
  readonly isAlive: (pid: number) => boolean;
  readonly details: () => MemberDetails;
  /** Called after each beat, with the reason if PostgreSQL did not answer. */
  readonly onAnswer: (reason: string | undefined) => void;
  /** Called when an instance has joined or left. */
  readonly onMembers: () => void;
  /** Called when the lease was lost to another instance. */
  readonly onFenced: () => void;
}

interface Busy {
  readonly owner: number;
  readonly details: string;
  readonly ms: number;
}

const BEAT_MS = 2000;
/** Milliseconds before the end of the lease from which on no attempt begins. */
const MARGIN_MS = 1000;
/** Milliseconds between two renewals after which this instance does not know whether the others were silent or PostgreSQL was. */
const MAX_PAUSE_MS = (LEASE_SECONDS * 1000) / 2;
/** Milliseconds between two looks whether an instance of the same name still lives. */
const BUSY_WAIT_MS = 500;

/** The lease of this instance, and what is known about the others. Its end is measured by the monotonic clock, so that a step of the wall clock changes nothing. */
export class Membership {
  readonly #deps: MembershipDeps;
  owner = 0;
  slot = 0;
  members: readonly Member[] = [];
  /** Milliseconds that this host's clock is ahead of the server's. */
  clockAhead = 0;
  /** Time of the server at which `members` was read, milliseconds since the epoch. */
  serverTime = 0;
  #until = 0;
  /** Time since which PostgreSQL has answered without a long pause. */
  #steadySince = 0;
  #lastBeat = Number.NEGATIVE_INFINITY;
  #cancel: (() => void) | undefined;
  #isClosed = false;

  constructor(deps: MembershipDeps) {
    this.#deps = deps;
  }

  /** Whether an attempt may begin now. */
  get isValid(): boolean {
    return this.#deps.clock.monotonic() < this.#until - MARGIN_MS;
  }

  /** Milliseconds until the lease ends; 0 when it has ended. */
  get left(): number {
    return Math.max(0, this.#until - this.#deps.clock.monotonic());
  }

  /**
   * Begins a run. An instance of the same name that has died on this host is replaced at once; another one is waited for until its lease
   * ends. Rejects with `store.locked` (exit 75) if it renews its lease meanwhile.
   */
  async join(): Promise<void> {
    const { database, schema, instance, clock, details, isAlive } = this.#deps;
    let first: Busy | undefined;
    let replaced: number | null = null;
    for (;;) {
      const began = clock.monotonic();
      const answer = (await database.call(`${schema}.join_members`, instance, JSON.stringify(details()), replaced)) as {
        owner?: number;
        slot?: number;
        busy?: Busy;
        full?: true;
      };
      if (answer.full === true)
        throw new BelfryError(
          'store.refused',
          `${ID_SLOTS} instances use this schema already; stop one of them first`,
          {
            exit: EXIT.config,
          },
        );
      if (answer.busy === undefined) {
        this.owner = answer.owner!;
        this.slot = answer.slot!;
        this.#renewed(began);
        return;
      }
      const { busy } = answer;
      const { host, pid } = JSON.parse(busy.details) as MemberDetails;
      // Its own run, if it began one whose contents could not be read then.
      if (busy.owner === this.owner || (host === details().host && !isAlive(pid))) {
        replaced = busy.owner;
        continue;
      }
      if (first !== undefined && (first.owner !== busy.owner || busy.ms > first.ms)) throw locked(instance, host, pid);
      first = busy;
      await new Promise<void>((resolve) => clock.after(Math.min(BUSY_WAIT_MS, busy.ms + 1), resolve));
    }
  }

  /** Begins to renew the lease. */
  start(): void {
    if (this.#isClosed) return;
    this.#cancel = this.#deps.clock.after(BEAT_MS, () => void this.#beatAndGoOn());
  }

  async #beatAndGoOn(): Promise<void> {
    try {
      await this.beat();
      this.#deps.onAnswer(undefined);
    } catch (error) {
      if (isTransient(error)) this.#deps.onAnswer(causeOf(error));
    }
    this.start();
  }

  /** Renews the lease now. */
  async beat(): Promise<void> {
    const { database, schema, clock, details, onFenced } = this.#deps;
    const began = clock.monotonic();
    const { owner } = this;
    const answer = (await database.call(`${schema}.beat`, owner, JSON.stringify(details()))) as {
      fenced?: true;
      members?: Member[];
      now?: number;
    };
    if (owner !== this.owner) return;
    if (answer.fenced === true) {
      this.#until = 0;
      return onFenced();
    }
    this.#note(answer.members ?? []);
    this.#renewed(began);
    this.serverTime = answer.now ?? clock.now();
    this.clockAhead = clock.now() - this.serverTime;
  }

  #renewed(began: number): void {
    if (began - this.#lastBeat > MAX_PAUSE_MS) this.#steadySince = began;
    this.#lastBeat = began;
    this.#until = began + LEASE_SECONDS * 1000;
  }

  /** Whether this instance wakes a state first: each has a part of them, so that no two do the same work. */
  isResponsibleFor({ rule, key, step }: StateKey): boolean {
    const { length } = this.members;
    if (length < 2) return true;
    return this.members[hashOf(`${rule}\u0000${step}\u0000${key}`) % length]!.owner === this.owner;
  }

  #note(members: readonly Member[]): void {
    const owners = (of: readonly Member[]): string => of.map(({ owner }) => owner).join(',');
    const isSame = owners(members) === owners(this.members);
    this.members = members;
    if (!isSame) this.#deps.onMembers();
  }

  /** Ends the lease, so that others take over at once. */
  async leave(): Promise<void> {
    this.#isClosed = true;
    this.#cancel?.();
    this.#until = 0;
    const { database, schema } = this.#deps;
    await database.rows(`SELECT ${schema}.leave_members($1)`, [this.owner]).catch(() => undefined);
  }

  /**
   * Takes the deliveries that nobody sends; the numbers of their owners. Leases that have run out count only when this instance has
   * renewed its own for as long as a lease lasts: after an outage of PostgreSQL the others are alive, though their leases have run out.
   */
  async takeOver(): Promise<readonly number[]> {
    const { database, schema, clock } = this.#deps;
    const now = clock.monotonic();
    // After an outage the others look dead until they have renewed their leases, and no beat has come yet that shows the pause.
    const others = now - this.#lastBeat <= MAX_PAUSE_MS && now - this.#steadySince >= LEASE_SECONDS * 1000;
    return (await database.call(`${schema}.take_over`, this.owner, others)) as number[];
  }
}

function locked(instance: string, host: string, pid: number): BelfryError {
  return new BelfryError(
    'store.locked',
    `another instance is named ${instance} (host ${host}, process ${pid}); give each instance its own \`daemon.instance\``,
    { exit: EXIT.locked },
  );
}
