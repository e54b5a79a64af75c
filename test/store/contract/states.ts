import { expect, it } from 'vitest';
import type { StateChange } from '../../../daemon/core/flow/decision.ts';
import type { Store } from '../../../daemon/store/store.ts';
import { HOUR, NOW, decision, event } from './samples.ts';

/** Tests of the rule states that decisions read and change. */
export function keepsStates(store: () => Store): void {
  const change = (value: unknown, expires = NOW + HOUR, key = 'k'): StateChange => ({
    rule: 'r',
    key,
    step: 'throttle',
    value,
    expires,
  });
  const count = (now = NOW) =>
    store().transact({ arrivals: [{ event: event(), mayRepeat: false }], now }, (_, memory) =>
      decision([], [change(Number(memory.read('r', 'k', 'throttle') ?? 0) + 1)]),
    );
  const seen = async (now = NOW): Promise<unknown> => {
    let value: unknown;
    await store().transact({ arrivals: [{ event: event(), mayRepeat: false }], now }, (_, memory) => {
      value = memory.read('r', 'k', 'throttle');
      return decision();
    });
    return value;
  };

  it('shows each decision the states of all earlier ones, on disk or not', async () => {
    await Promise.all(Array.from({ length: 50 }, () => count()));
    expect(await seen()).toBe(50);
  });

  it('shows the second event of a call the states of the first', async () => {
    const arrivals = [event(), event(), event()].map((one) => ({ event: one, mayRepeat: false }));
    await store().transact({ arrivals, now: NOW }, (_, memory) =>
      decision([], [change(Number(memory.read('r', 'k', 'throttle') ?? 0) + 1)]),
    );
    expect(await seen()).toBe(3);
  });

  it('undoes all state changes of a call when a later decision throws', async () => {
    await count();
    const [one, two] = [event(), event()];
    const arrivals = [one, two].map((each) => ({ event: each, mayRepeat: false }));
    const failing = store().transact({ arrivals, now: NOW }, (each) => {
      if (each === two) throw new Error('bug');
      return decision([], [change(99)]);
    });
    await expect(failing).rejects.toThrow('bug');
    expect(await seen()).toBe(1);
  });

  it('deletes a state that is set to null', async () => {
    await count();
    await store().transact({ arrivals: [{ event: event(), mayRepeat: false }], now: NOW }, () =>
      decision([], [change(null)]),
    );
    expect(await seen()).toBeUndefined();
  });

  it('does not show a state that has expired', async () => {
    await count();
    expect(await seen(NOW + HOUR - 1)).toBe(1);
    expect(await seen(NOW + HOUR)).toBeUndefined();
  });

  it('distinguishes states by rule, key and step', async () => {
    const states = [
      change(1),
      change(2, NOW + HOUR, 'other'),
      { ...change(3), rule: 'q' },
      { ...change(4), step: 'for' },
    ];
    await store().transact({ arrivals: [{ event: event(), mayRepeat: false }], now: NOW }, () => decision([], states));
    expect(await seen()).toBe(1);
  });
}
