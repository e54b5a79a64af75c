import { type Action, ANSWERS, broken, FIRST, type Mistake, next, type State } from './reference.ts';

/** Numbers of faults and of actions of people that a search tries. */
export interface Bounds {
  readonly deliveries: number;
  readonly crashes: number;
  readonly resends: number;
  readonly drops: number;
}

/** Deliveries that one process works on, and what is left of the bounds. */
interface World {
  readonly deliveries: readonly State[];
  readonly crashes: number;
  readonly resends: number;
  readonly drops: number;
}

const OF_ONE: readonly Action[] = [
  ...ANSWERS.flatMap(
    (answer) =>
      [
        { kind: 'send', answer },
        { kind: 'resend', answer },
      ] as const,
  ),
  ...(['delivered', 'pending', 'dead'] as const).map((to) => ({ kind: 'settle', to }) as const),
  { kind: 'append' },
  { kind: 'resolve' },
  { kind: 'cancel' },
  { kind: 'note' },
  { kind: 'remove' },
  { kind: 'finish' },
  { kind: 'clean' },
];

/** Tries every order of all actions within the bounds, breadth first. Returns the number of different states and the broken promises. */
export function search(
  bounds: Bounds,
  mistake?: Mistake,
): { readonly states: number; readonly found: readonly string[] } {
  const first: World = { ...bounds, deliveries: Array.from({ length: bounds.deliveries }, () => FIRST) };
  const seen = new Set([JSON.stringify(first)]);
  const found = new Set<string>();
  for (let level = [first]; level.length > 0; ) {
    const reached: World[] = [];
    for (const world of level)
      for (const after of successors(world, mistake)) {
        const name = JSON.stringify(after);
        if (seen.has(name)) continue;
        seen.add(name);
        reached.push(after);
        for (const state of after.deliveries) for (const text of broken(state)) found.add(text);
      }
    level = reached;
  }
  return { states: seen.size, found: [...found] };
}

function* successors(world: World, mistake: Mistake | undefined): Iterable<World> {
  const { deliveries, crashes, resends, drops } = world;
  if (crashes > 0) {
    const after = deliveries.map((state) => next(state, { kind: 'crash' })!);
    yield { ...world, deliveries: after, crashes: crashes - 1 };
  }
  const up = deliveries.map((state) => (state.isUp ? undefined : next(state, { kind: 'up' }, mistake)));
  if (up.every((state) => state !== undefined)) yield { ...world, deliveries: up };
  for (const [index, state] of deliveries.entries()) {
    const replaced = (after: State | undefined, left: Partial<World> = {}): readonly World[] =>
      after === undefined ? [] : [{ ...world, ...left, deliveries: deliveries.with(index, after) }];
    for (const action of OF_ONE) yield* replaced(next(state, action, mistake));
    if (resends > 0) yield* replaced(next(state, { kind: 'begin' }, mistake), { resends: resends - 1 });
    if (drops > 0) yield* replaced(next(state, { kind: 'withdraw' }, mistake), { drops: drops - 1 });
  }
}
