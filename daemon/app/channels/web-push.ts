import { newVapidKeys } from '../../channels/kit/signing/vapid.ts';
import type { WebPushSubscriptions } from '../../channels/channel.ts';
import type { VapidKeys, WebPushSubscription } from '../../core/delivery/web-push.ts';
import { parseJson } from '../../core/values/json.ts';
import type { WebPushApi } from '../../http/daemon-api.ts';
import { KeyedMutex } from '../../lib/async/keyed-mutex.ts';
import { sha256 } from '../../lib/sha256.ts';
import type { Checkpoint, CheckpointStore } from '../../store/store.ts';

/** Browsers of one user; a further one replaces the oldest. */
export const MAX_BROWSERS = 20;

const KEYS_SCOPE = 'webpush';
const KEYS_KEY = 'vapid';
const scopeOf = (user: string): string => `webpush:user:${user}`;
/** Key of the mutex. */
const ALL = '';
/** User of each browser, so that a browser belongs to the user who subscribed last. */
const OWNERS_SCOPE = 'webpush:browsers';

/** Web Push keys and subscriptions in the store. */
export class WebPush implements WebPushSubscriptions, WebPushApi {
  readonly #checkpoints: CheckpointStore;
  /** One for all users, because a browser may move from one to another. */
  readonly #changes = new KeyedMutex();
  #keys: Promise<VapidKeys> | undefined;

  constructor(checkpoints: CheckpointStore) {
    this.#checkpoints = checkpoints;
  }

  async keys(): Promise<VapidKeys> {
    this.#keys ??= this.#readKeys();
    try {
      return await this.#keys;
    } catch (error) {
      this.#keys = undefined;
      throw error;
    }
  }

  async publicKey(): Promise<string> {
    return (await this.keys()).publicKey;
  }

  async #readKeys(): Promise<VapidKeys> {
    const kept = await this.#checkpoints.get(KEYS_SCOPE, KEYS_KEY);
    if (kept !== undefined) return parseJson(kept) as VapidKeys;
    const made = newVapidKeys();
    await this.#checkpoints.write(KEYS_SCOPE, [{ key: KEYS_KEY, value: JSON.stringify(made) }]);
    return made;
  }

  async of(user: string): Promise<readonly WebPushSubscription[]> {
    const kept = [...(await this.#checkpoints.read(scopeOf(user))).values()];
    return kept.map((text) => parseJson(text) as WebPushSubscription).toSorted((a, b) => a.at - b.at);
  }

  subscribe(user: string, subscription: WebPushSubscription): Promise<void> {
    return this.#changes.run(ALL, () => this.#subscribe(user, subscription));
  }

  async #subscribe(user: string, subscription: WebPushSubscription): Promise<void> {
    const key = sha256(subscription.endpoint);
    const owner = await this.#checkpoints.get(OWNERS_SCOPE, key);
    if (owner !== undefined && owner !== user) await this.#forget(owner, [subscription.endpoint]);
    const others = (await this.of(user)).filter(({ endpoint }) => endpoint !== subscription.endpoint);
    const surplus = others.slice(0, Math.max(0, others.length + 1 - MAX_BROWSERS));
    await this.#forget(
      user,
      surplus.map(({ endpoint }) => endpoint),
    );
    await this.#checkpoints.write(scopeOf(user), [{ key, value: JSON.stringify(subscription) }]);
    await this.#checkpoints.write(OWNERS_SCOPE, [{ key, value: user }]);
  }

  end(user: string, endpoint: string): Promise<boolean> {
    return this.#changes.run(ALL, () => this.#end(user, endpoint));
  }

  async #end(user: string, endpoint: string): Promise<boolean> {
    const isKnown = (await this.#checkpoints.get(scopeOf(user), sha256(endpoint))) !== undefined;
    if (isKnown) await this.#forget(user, [endpoint]);
    return isKnown;
  }

  async #forget(user: string, endpoints: readonly string[]): Promise<void> {
    const deleted = endpoints.map((endpoint): Checkpoint => ({ key: sha256(endpoint), value: null }));
    await this.#checkpoints.write(scopeOf(user), deleted);
    await this.#checkpoints.write(OWNERS_SCOPE, deleted);
  }
}
