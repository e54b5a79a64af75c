import { openResolver } from '../../channels/kit/net/resolver.ts';
import type { RunningFacts } from '../../doctor/check.ts';
import type { DaemonApi, Doctor, DoctorView, StatusView } from '../../http/daemon-api.ts';
import type { Clock } from '../../lib/time/clock.ts';
import type { Live } from '../../reload/live.ts';
import type { Store } from '../../store/store.ts';
import type { Inbox } from '../runtime/inbox.ts';
import type { Environment, StatePaths } from '../state/paths.ts';
import { readStoredFacts, storeAnswer } from './stored-facts.ts';

export interface DaemonDoctorDeps {
  readonly live: Live;
  readonly store: Store;
  readonly inbox: Inbox;
  readonly paths: StatePaths;
  readonly env: Environment;
  readonly clock: Clock;
  readonly check: DaemonApi['check'];
  readonly status: () => Promise<StatusView>;
}

const PAGE_EVENTS = 500;
/** Events of the history that are read at most. */
const MAX_EVENTS = 20_000;

/** Doctor checks in a running daemon, with its environment, its user and its network. */
export class DaemonDoctor implements Doctor {
  readonly #deps: DaemonDoctorDeps;
  #running: Promise<DoctorView> | undefined;

  constructor(deps: DaemonDoctorDeps) {
    this.#deps = deps;
  }

  /** Runs the checks; callers at the same time share one run. */
  examine(): Promise<DoctorView> {
    this.#running ??= this.#examine().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  /** Stores the answer of a person to a test message. */
  async markSeen(channel: string, seen: boolean): Promise<boolean> {
    const { live, store, clock } = this.#deps;
    if (!live.ruleset.channels.has(channel)) return false;
    await storeAnswer(store, channel, seen, clock.now());
    return true;
  }

  async #examine(): Promise<DoctorView> {
    const { live, inbox, paths, env, clock, check } = this.#deps;
    // Loaded on first use, since most starts never need the checks.
    const [{ examine }, { openMachine }, { collectFacts }] = await Promise.all([
      import('../../doctor/examine.ts'),
      import('../../lib/machine/machine.ts'),
      import('./facts.ts'),
    ]);
    const resolver = openResolver();
    try {
      const machine = openMachine({ env, clock, lookup: resolver.lookup });
      const facts = await collectFacts({
        config: live.root,
        machine,
        paths,
        check: () => check(),
        ruleset: live.ruleset,
        inboxFaults: () => inbox.check(),
      });
      const findings = await examine({ ...facts, running: await this.#facts() }, machine, 'daemon');
      return { ok: findings.every(({ level }) => level !== 'fail'), findings };
    } finally {
      resolver.close();
    }
  }

  async #facts(): Promise<RunningFacts> {
    const { store, live, status } = this.#deps;
    return {
      status: await status(),
      isApplied: await live.isOnDisk(),
      history: await this.#history(),
      ...(await readStoredFacts(store)),
    };
  }

  /** Names of the rules in the latest events, page by page, so that memory stays bounded. */
  async #history(): Promise<RunningFacts['history']> {
    const { store, clock } = this.#deps;
    const matched = new Set<string>();
    let since = clock.now();
    let cursor: string | undefined;
    for (let read = 0; read < MAX_EVENTS; read += PAGE_EVENTS) {
      const page = await store.events({ limit: PAGE_EVENTS, order: 'desc', ...(cursor !== undefined && { cursor }) });
      for (const { receivedAt, outcomes } of page.items) {
        since = Math.min(since, receivedAt);
        for (const rule of Object.keys(outcomes)) matched.add(rule);
      }
      cursor = page.next;
      if (cursor === undefined) break;
    }
    return { matched, since };
  }
}
