import type { AuditEntry, AuditWay } from '../../../core/audit/entry.ts';
import type { RefusedLogin } from '../../../http/daemon-api.ts';
import type { Clock } from '../../../lib/time/clock.ts';
import { rfc3339 } from '../../../lib/time/rfc3339.ts';

/** A credential that was refused, as the audit log shows it. */
export interface Refusal extends RefusedLogin {
  readonly via: AuditWay;
}

/** Time in which equal refusals become one line, after a first one that is written at once. */
const WINDOW_MS = 10 * 60_000;
/** Kinds of refusals that are counted apart in a window; further ones share one line. */
const MAX_KINDS = 20;

interface Counted {
  readonly refusal: Refusal;
  readonly since: number;
  count: number;
}

const OTHERS = 'others';

/**
 * Writes refusals to the audit log: the first of a kind at once, and the number of its repetitions at the end of ten minutes, so that
 * somebody who tries tokens cannot fill the disk.
 */
export class RefusedLogins {
  readonly #clock: Clock;
  readonly #record: (entry: AuditEntry) => void;
  readonly #kinds = new Map<string, Counted>();
  #cancel: (() => void) | undefined;

  constructor(clock: Clock, record: (entry: AuditEntry) => void) {
    this.#clock = clock;
    this.#record = record;
  }

  add(refusal: Refusal): void {
    const { way, reason, name, via, address } = refusal;
    const kind = JSON.stringify([way, reason, name, via, address]);
    const known = this.#kinds.get(kind) ?? (this.#kinds.size >= MAX_KINDS ? this.#others(refusal) : undefined);
    if (known !== undefined) {
      known.count += 1;
      return;
    }
    this.#kinds.set(kind, { refusal, since: this.#clock.now(), count: 0 });
    this.#record(entryOf(refusal));
    this.#cancel ??= this.#clock.after(WINDOW_MS, () => this.flush());
  }

  /** Writes the numbers of the repetitions. */
  flush(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    for (const { refusal, since, count } of this.#kinds.values())
      if (count > 0) this.#record(entryOf(refusal, { count, since: rfc3339(since) }));
    this.#kinds.clear();
  }

  /** Count of the refusals that have no line of their own: they have no address and no name. */
  #others({ way, reason, via }: Refusal): Counted {
    const known = this.#kinds.get(OTHERS) ?? { refusal: { way, reason, via }, since: this.#clock.now(), count: 0 };
    this.#kinds.set(OTHERS, known);
    return known;
  }
}

function entryOf({ way, reason, name, via, address }: Refusal, repeated: object = {}): AuditEntry {
  return {
    actor: name ?? 'unknown',
    via,
    ...(address !== undefined && { address }),
    action: 'token.refused',
    target: way,
    result: 'refused',
    details: { reason, ...repeated },
  };
}
