import type { Clock } from '../../lib/time/clock.ts';
import { StoredPushes } from '../shared/pushes/pushes.ts';
import { type DeliveryRequest, PostgresDeliveries } from './deliveries/deliveries.ts';
import { Committer } from './engine/committer.ts';
import type { Database } from './engine/database.ts';
import { openQueries } from './engine/queries.ts';
import { versionedOf } from './engine/round.ts';
import { withCounts } from './engine/totals.ts';
import { VersionedStates } from './engine/versioned-states.ts';
import { Feed } from './feed/feed.ts';
import { Listener } from './feed/listener.ts';
import { type CheckpointsWritten, SharedCheckpoints } from './feed/shared-checkpoints.ts';
import { ActivityWriter } from './history/activity.ts';
import { PostgresHistory } from './history/history.ts';
import { Upkeep } from './history/upkeep.ts';
import { PostgresCluster } from './members/cluster.ts';
import { Membership } from './members/membership.ts';
import { emptyContext, InstanceRun, type RunContext } from './members/run.ts';
import type { PostgresOptions } from './options.ts';

const DEFAULT_DELIVERY_CACHE_CHARS = 8 * 1024 * 1024;
/** Milliseconds after which an instance wakes a state that another one should have woken. */
const OTHERS_TIMER_MS = 3000;

/** Parts of the store of one instance, which use each other. */
export class Parts {
  readonly database: Database;
  readonly membership: Membership;
  readonly states: VersionedStates;
  readonly committer: Committer;
  readonly context: RunContext;
  readonly history: PostgresHistory;
  readonly upkeep: Upkeep;
  readonly deliveries: PostgresDeliveries;
  readonly checkpoints: SharedCheckpoints;
  readonly pushes: StoredPushes;
  readonly feed: Feed;
  readonly listener: Listener;
  readonly run: InstanceRun;
  readonly cluster: PostgresCluster;
  /** Called when this instance cannot join again. */
  readonly onFatal: ((error: Error) => void)[] = [];
  readonly #options: PostgresOptions;
  /** Database, name of the schema (quoted), and clock: what most parts need. */
  readonly #base: { readonly database: Database; readonly schema: string; readonly clock: Clock };

  /** `epoch`: id of the sequence of pushes. */
  constructor(options: PostgresOptions, database: Database, schema: string, epoch: string) {
    const { clock } = options;
    this.#options = options;
    this.#base = { database, schema, clock };
    this.database = database;
    this.membership = this.#newMembership();
    this.states = new VersionedStates((stateKey) => (this.membership.isResponsibleFor(stateKey) ? 0 : OTHERS_TIMER_MS));
    this.committer = this.#newCommitter();
    const { committer, membership } = this;
    const activity = new ActivityWriter();
    const queries = openQueries(database, schema, () => committer.check());
    this.context = {
      ...emptyContext(options.deliveryCache ?? DEFAULT_DELIVERY_CACHE_CHARS),
      committer,
      queries,
      states: this.states.cache,
      activity,
      cancel: (ids) => this.deliveries.cancel(ids),
    };
    this.history = new PostgresHistory({ database, schema, queries, activity });
    this.upkeep = new Upkeep({ ...this.#base, activity, committer });
    this.deliveries = new PostgresDeliveries(this.context, {
      search: (step) => this.history.search(step),
      membership,
      ...this.#base,
    });
    this.checkpoints = new SharedCheckpoints(this.context);
    this.pushes = new StoredPushes(this.context, epoch, 0, () => this.feed.wake());
    this.feed = this.#newFeed();
    this.listener = this.#newListener();
    this.run = this.#newRun();
    const { listener } = this;
    const isOutage = (): boolean => committer.outage !== undefined;
    this.cluster = new PostgresCluster({ ...this.#base, schema: options.schema, membership, listener, isOutage });
  }

  #newMembership(): Membership {
    return new Membership({
      ...this.#options,
      ...this.#base,
      details: () => ({
        ...this.#options.details(),
        ...this.cluster.details,
        channels: Object.fromEntries(this.deliveries.ownCounts().byChannel),
      }),
      onFenced: () => void this.run.joinAgain(),
      onMembers: () => this.states.cache.restartTimers(),
      onAnswer: (reason) => this.committer.noteOutage(reason),
    });
  }

  #newCommitter(): Committer {
    const { synchronous, onOutage } = this.#options;
    return new Committer({
      ...this.#base,
      states: this.states,
      synchronous,
      owner: () => this.membership.owner,
      onFenced: () => this.run.joinAgain(),
      onCommitted: (counts, chars) => {
        this.#count(counts);
        this.upkeep.bytes += chars;
        this.listener.notify();
      },
      onOutage: (reason) => onOutage?.(reason),
    });
  }

  #newFeed(): Feed {
    return new Feed({
      ...this.#base,
      owner: () => this.membership.owner,
      onStates: (states, version) => this.states.apply(states.map((state) => ({ ...versionedOf(state), version }))),
      onPush: (seq, push) => this.pushes.appended(seq, push),
      onRequest: (request) => this.#carryOut(request as unknown as DeliveryRequest | CheckpointsWritten),
      onCounts: (counts) => this.#count(counts),
      onPoll: () => {
        const early = this.pushes.highestEarly;
        return () => this.pushes.closeGaps(early);
      },
      onEnded: () => this.run.takeOver(),
      onGap: () => this.run.load(),
    });
  }

  #newListener(): Listener {
    const { url, schema } = this.#options;
    const channel = `belfry ${schema}`;
    return new Listener({
      ...this.#base,
      url,
      channel,
      probe: (text) => this.database.rows('SELECT pg_notify($1, $2)', [channel, text]),
      onNotified: () => this.feed.wake(),
    });
  }

  #newRun(): InstanceRun {
    const { membership, committer, states, context, pushes, deliveries, feed } = this;
    return new InstanceRun({
      ...this.#base,
      membership,
      committer,
      states,
      context,
      pushes,
      deliveries,
      feed,
      onFatal: (error) => {
        for (const listener of this.onFatal.splice(0)) listener(error);
      },
    });
  }

  #carryOut(request: DeliveryRequest | CheckpointsWritten): void {
    if (request.kind === 'checkpoints') this.checkpoints.written(request);
    else void this.deliveries.carryOut(request).catch(() => undefined);
  }

  #count(counts: Readonly<Record<string, number>>): void {
    this.committer.counters = withCounts(this.committer.counters, counts);
  }
}
