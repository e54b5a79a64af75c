import { readDeadLetters } from '../../../daemon/delivery/dead-letters/dead-letters.ts';
import type { Gate } from './gates.ts';
import { type Disk, enqueue, openDisk, Program, type Tampering } from './program.ts';
import { type Action, ANSWERS, type Answer, broken, FIRST, next, type State } from './reference.ts';
import type { Bounds } from './search.ts';

/** Bounds of a walk; `reloads` change the settings of the channel, or remove it and bring it back. */
export interface WalkBounds extends Bounds {
  readonly reloads: number;
}

/** One way to go on from a state of the program. */
interface Option {
  readonly name: string;
  take(): void | Promise<void>;
}

export interface Walk {
  /** Number of options at each step, and the one that was taken. */
  readonly steps: readonly { readonly options: number; readonly taken: number }[];
  readonly trace: readonly string[];
  /** Differences from the reference, and broken promises. */
  readonly violations: readonly string[];
}

export interface WalkOptions {
  readonly folder: string;
  readonly bounds: WalkBounds;
  readonly answers?: readonly Answer[];
  readonly tamper?: Tampering;
  /** Chooses one of so many options at a step. */
  readonly choose: (step: number, options: number) => number;
}

const MAX_STEPS = 200;

/** Walks through the program from the start to its end, and compares each step with the reference. */
async function walk(options: WalkOptions): Promise<Walk> {
  const disk = await openDisk(options.folder);
  try {
    const walker = new Walker(disk, options, await enqueue(disk, options.bounds.deliveries));
    await walker.run();
    return walker;
  } finally {
    await disk.remove();
  }
}

class Walker implements Walk {
  readonly steps: { readonly options: number; readonly taken: number }[] = [];
  readonly trace: string[] = [];
  readonly violations: string[] = [];
  readonly #disk: Disk;
  readonly #options: WalkOptions;
  readonly #states: Map<string, State>;
  readonly #left: { crashes: number; resends: number; drops: number; reloads: number };
  #isRemoved = false;
  #program!: Program;
  #starts = 0;
  #hasEnded = false;

  constructor(disk: Disk, options: WalkOptions, ids: readonly string[]) {
    this.#disk = disk;
    this.#options = options;
    this.#states = new Map(ids.map((id) => [id, FIRST]));
    this.#left = { ...options.bounds };
  }

  async run(): Promise<void> {
    await this.#start();
    while (!this.#hasEnded && this.violations.length === 0) {
      await this.#program.gates.quiet();
      await this.#compare();
      const options = this.#available();
      const taken = this.#options.choose(this.steps.length, options.length);
      this.steps.push({ options: options.length, taken });
      this.trace.push(options[taken]!.name);
      await options[taken]!.take();
      if (this.steps.length > MAX_STEPS) this.violations.push(`the program has not ended after ${MAX_STEPS} steps`);
    }
    if (this.violations.length === 0) await this.#compare();
    this.#program.gates.kill();
  }

  async #start(): Promise<void> {
    this.#program = await Program.start(this.#disk, this.#starts, this.#options.tamper);
    this.#starts += 1;
  }

  #available(): readonly Option[] {
    const gates = this.#program.gates.waiting.toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
    const options = gates.flatMap((gate) => this.#passing(gate));
    if (this.#isRemoved) options.push({ name: 'the channel comes back', take: () => this.#restore() });
    else if (gates.length === 0) options.push(this.#resting());
    if (this.#left.reloads > 0 && this.#program.isOpen && !this.#isRemoved) options.push(...this.#reloads());
    if (this.#left.crashes > 0) options.push({ name: 'crash', take: () => this.#crash() });
    for (const [id, { inFile }] of this.#states) {
      if (!inFile || !this.#program.isOpen) continue;
      if (this.#left.resends > 0) options.push(this.#person('resends', id, () => this.#program.resend(id)));
      if (this.#left.drops > 0) options.push(this.#person('drops', id, () => this.#program.drop(id)));
    }
    return options;
  }

  #passing(gate: Gate): readonly Option[] {
    const [[kind, id]] = gate.acts as readonly [readonly [string, string]];
    if (kind !== 'send' && kind !== 'resend')
      return [{ name: nameOf(gate), take: () => this.#pass(gate, gate.acts.map(actionOf)) }];
    return (this.#options.answers ?? ANSWERS).map((answer) => ({
      name: `${nameOf(gate)} ${answer}`,
      take: () => {
        this.#program.answer(id, answer);
        this.#pass(gate, [{ kind, answer }]);
      },
    }));
  }

  #pass(gate: Gate, actions: readonly Action[]): void {
    for (const [index, action] of actions.entries()) this.#follow(gate.acts[index]![1], action);
    gate.pass();
  }

  /** Way to go on when nothing waits at a gate: the time of a retry comes, or the walk ends. */
  #resting(): Option {
    const isOwed = [...this.#states.values()].some(({ stored }) => stored === 'pending');
    if (isOwed) return { name: 'wait for the retry', take: () => this.#program.wait() };
    return { name: 'end', take: () => void (this.#hasEnded = true) };
  }

  #reloads(): readonly Option[] {
    const reload = (name: string, begin: () => void): Option => ({
      name,
      take: () => {
        this.#left.reloads -= 1;
        begin();
      },
    });
    return [
      reload('the channel is edited', () => this.#program.editChannel()),
      reload('the channel leaves the rules', () => {
        this.#isRemoved = true;
        this.#program.removeChannel();
      }),
    ];
  }

  #restore(): void {
    this.#isRemoved = false;
    this.#program.restoreChannel();
  }

  #person(what: 'resends' | 'drops', id: string, begin: () => void): Option {
    return {
      name: `a person ${what} ${id.slice(-4)}`,
      take: () => {
        this.#left[what] -= 1;
        begin();
      },
    };
  }

  async #crash(): Promise<void> {
    this.#left.crashes -= 1;
    this.#isRemoved = false;
    await this.#program.crash();
    for (const [id, state] of this.#states) this.#states.set(id, next(state, { kind: 'crash' })!);
    await this.#start();
  }

  /** Applies an action of the program to the reference. */
  #follow(id: string, given: Action): void {
    const before = this.#states.get(id)!;
    const action = before.isUp ? given : duringStart(given, before);
    if (action.kind === 'send' || action.kind === 'resend') this.#up();
    const begun = action.kind === 'resend' ? next(this.#states.get(id)!, { kind: 'begin' }) : this.#states.get(id);
    const after = begun && next(begun, action);
    if (after === undefined) this.violations.push(`${action.kind} is not allowed after ${JSON.stringify(before)}`);
    else this.#states.set(id, after);
  }

  /** An attempt begins: the start must have finished what the crash left. */
  #up(): void {
    for (const [id, state] of this.#states) {
      if (state.isUp) continue;
      const after = next(state, { kind: 'up' });
      if (after === undefined)
        this.violations.push(`work begins before the start has finished ${JSON.stringify(state)}`);
      else this.#states.set(id, after);
    }
  }

  /** Compares what is durable with the reference. */
  async #compare(): Promise<void> {
    const inFile = await recordsIn(this.#disk.file);
    for (const [id, state] of this.#states) {
      const stored = (await this.#disk.store.deliveries.find(id))?.state;
      const found = { stored: stored === 'sending' ? 'pending' : stored, inFile: inFile.has(id) };
      if (found.stored !== state.stored || found.inFile !== state.inFile)
        this.violations.push(`${JSON.stringify(found)} is kept, and the reference has ${JSON.stringify(state)}`);
      this.violations.push(...broken(state));
    }
  }
}

const nameOf = ({ acts }: Gate): string => acts.map(([kind, id]) => `${kind} ${id.slice(-4)}`).join(', ');

const actionOf = ([kind]: readonly [string, string]): Action =>
  kind === 'settle cancelled'
    ? { kind: 'withdraw' }
    : kind.startsWith('settle ')
      ? { kind: 'settle', to: kind.slice('settle '.length) as State['stored'] }
      : { kind: kind as 'append' | 'resolve' | 'cancel' | 'remove' | 'note' };

/** The start finishes with the same writes as the work itself. */
function duringStart(action: Action, { lane, drop }: State): Action {
  if (action.kind === 'settle' && action.to === 'dead' && lane === 'none') return { kind: 'finish' };
  return action.kind === 'remove' && drop === 'none' ? { kind: 'clean' } : action;
}

async function recordsIn(file: string): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  for await (const line of readDeadLetters(file)) if ('record' in line) found.add(line.record.id);
  return found;
}

/** Choices of the next walk, depth first; undefined after the last one. */
function nextChoices(steps: Walk['steps']): readonly number[] | undefined {
  const last = steps.findLastIndex(({ options, taken }) => taken + 1 < options);
  if (last === -1) return undefined;
  return [...steps.slice(0, last).map(({ taken }) => taken), steps[last]!.taken + 1];
}

/** Sum of the walks of an exploration. */
export interface Explored {
  readonly walks: number;
  readonly steps: number;
  /** One text for each walk with a violation, with the choices that repeat it. */
  readonly found: readonly string[];
}

const MAX_FOUND = 3;

/** Sums up walks; ends early when enough of them have violations. */
async function explored(walks: AsyncIterable<Walk>): Promise<Explored> {
  const sum = { walks: 0, steps: 0, found: [] as string[] };
  for await (const { steps, trace, violations } of walks) {
    sum.walks += 1;
    sum.steps += steps.length;
    if (violations.length === 0) continue;
    const choices = steps.map(({ taken }) => taken).join(',');
    sum.found.push(`${violations.join('; ')} after ${trace.join(', ')} (choices ${choices})`);
    if (sum.found.length === MAX_FOUND) break;
  }
  return sum;
}

/** Takes every order within the bounds, depth first. */
export function everyOrder(options: Omit<WalkOptions, 'choose'>): Promise<Explored> {
  async function* walks(): AsyncIterable<Walk> {
    for (let choices: readonly number[] | undefined = []; choices !== undefined; ) {
      const prefix: readonly number[] = choices;
      const done = await walk({ ...options, choose: (step) => prefix[step] ?? 0 });
      yield done;
      choices = nextChoices(done.steps);
    }
  }
  return explored(walks());
}

/** Takes so many orders by chance; `random` gives numbers from 0 to 1. */
export function someOrders(
  options: Omit<WalkOptions, 'choose'>,
  count: number,
  random: () => number,
): Promise<Explored> {
  async function* walks(): AsyncIterable<Walk> {
    for (let number = 0; number < count; number += 1)
      yield await walk({ ...options, choose: (_, all) => Math.floor(random() * all) });
  }
  return explored(walks());
}
