import { pauseAfter } from '../../../../core/delivery/judge.ts';
import { SendFailure } from '../../../../core/problems/failure.ts';
import type { Log } from '../../../../lib/log.ts';
import type { Secret } from '../../../../lib/secrets/secret.ts';
import type { Clock } from '../../../../lib/time/clock.ts';

/** Time for which a refused key is not used. It may be switched on again at the provider. */
const REFUSED_MS = 3_600_000;

interface Slot {
  readonly key: Secret;
  /** Place in the settings, from 1. */
  readonly place: number;
  /** Number of the latest use, which grows with each use of a key. */
  lastUse: number;
  /** Refusal or limit of the key, until `restsUntil` on the monotonic clock. */
  failure: SendFailure | undefined;
  restsUntil: number;
}

/**
 * Keys that share the messages of a channel, because the provider limits each of them. They take turns. A key that is refused or
 * has reached its limit rests, and the next one sends the message in the same attempt: after such an answer nothing was sent.
 */
export class KeyPool {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #slots: readonly Slot[];
  #uses = 0;

  constructor(keys: readonly Secret[], { clock, log }: { readonly clock: Clock; readonly log: Log }) {
    this.#clock = clock;
    this.#log = log;
    this.#slots = keys.map((key, index) => ({ key, place: index + 1, lastUse: 0, failure: undefined, restsUntil: 0 }));
  }

  /** Calls `send` with one key after another until one is neither refused nor limited. */
  async use<T>(send: (key: Secret) => Promise<T>): Promise<T> {
    const [only, ...others] = this.#slots;
    if (only !== undefined && others.length === 0) return await send(only.key);
    for (const slot of this.#turn()) {
      slot.lastUse = this.#uses += 1;
      try {
        const sent = await send(slot.key);
        slot.failure = undefined;
        return sent;
      } catch (error) {
        if (!(error instanceof SendFailure) || !(isLimit(error) || isRefusal(error))) throw error;
        this.#rest(slot, error);
      }
    }
    throw this.#exhausted();
  }

  /** Keys that do not rest, in the order of their latest use. All keys if each was refused, since a person may have mended one. */
  #turn(): readonly Slot[] {
    const now = this.#clock.monotonic();
    const slots = this.#slots.toSorted((one, other) => one.lastUse - other.lastUse);
    const free = slots.filter(({ failure, restsUntil }) => failure === undefined || restsUntil <= now);
    const isEachRefused = slots.every(({ failure }) => failure !== undefined && isRefusal(failure));
    return isEachRefused ? slots : free;
  }

  #rest(slot: Slot, failure: SendFailure): void {
    if (isRefusal(failure) && slot.failure?.code !== failure.code)
      this.#log.warn(
        { code: failure.code, error: failure.message },
        `key ${slot.place} of ${this.#slots.length} is refused; the others send its messages`,
      );
    slot.failure = failure;
    slot.restsUntil = this.#clock.monotonic() + (isLimit(failure) ? pauseAfter(failure) : REFUSED_MS);
  }

  /** Failure of a message for which no key is left: the channel pauses until a limited key is free, or has no valid key. */
  #exhausted(): SendFailure {
    const [soonest] = this.#slots
      .filter(({ failure }) => failure !== undefined && isLimit(failure))
      .toSorted((one, other) => one.restsUntil - other.restsUntil);
    const { failure, restsUntil } = soonest ?? this.#slots[0]!;
    const { code, message, detail } = failure!;
    if (soonest === undefined) return new SendFailure('permanent', code, `each key is refused: ${message}`, detail);
    const retryAfter = Math.max(0, restsUntil - this.#clock.monotonic());
    return new SendFailure('transient', code, message, { ...detail, retryAfter });
  }
}

const isLimit = ({ detail }: SendFailure): boolean => detail.rateLimited === true;
const isRefusal = ({ detail }: SendFailure): boolean => detail.misconfigured === true;
