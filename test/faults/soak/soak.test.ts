import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import { Rounds, type Violation } from '../support/report.ts';
import { KINDS, REFUSING } from '../support/rules.ts';
import { Scenario } from '../support/scenario.ts';
import { DISTURBANCES } from './disturbances.ts';
import { fitLine } from './regression.ts';
import { RotatedEndpoint } from './rotation.ts';
import { minima, QUANTITIES, type Quantity, type Sample, sample } from './samples.ts';

/** Minutes of the run; 60 for the figures in docs/reliability.md. A short run has one cycle of disturbances and checks no memory. */
const MINUTES = Number(process.env['BELFRY_SOAK_MINUTES'] ?? 0.5);
const CYCLE_MS = MINUTES < 5 ? 15_000 : 60_000;
const STEP_MS = CYCLE_MS / (DISTURBANCES.length + 1);
/** Minutes at the beginning that are not compared: caches and compiled code grow for about half an hour. */
const WARM_UP = MINUTES < 5 ? 0 : Math.max(5, MINUTES * 0.6);
const EVENTS_A_STEP = 150;

/** Kinds of the scenario whose windows end within the run. */
const LOADED = ['plain', 'ordered', 'flaky', 'chat', 'mail', 'pushed', 'local', 'command', 'refused', 'digest'];

/** Largest growth an hour that counts as flat; it grows if the lower bound of the slope at 95 % confidence is above. */
const FLAT: Readonly<Record<Quantity, number>> = { memory: 12, heap: 6, descriptors: 3, threads: 1, timers: 3 };
/** Fewest minutes after the warm-up for which a line means something. */
const MIN_MINUTES = 10;

let scenario: Scenario;
let rotated: RotatedEndpoint;
afterEach(async () => {
  await rotated?.close();
  await scenario?.close();
});

async function open(): Promise<void> {
  scenario = await Scenario.open({ daemon: '  retention: { events: 10m, size: 64MiB }\n' });
  rotated = await RotatedEndpoint.open(scenario.home);
  await rotated.rotate(0);
  await scenario.home.rules(rotated.rules(scenario.destinations.http), 'soak.yaml');
  await scenario.start();
}

/** Posts events of all kinds, of the windows and of the rotated secret. */
async function post(step: number): Promise<void> {
  const load = scenario.load({ clients: 8, kinds: LOADED });
  await load.answered(EVENTS_A_STEP);
  await load.stop();
  for (const type of ['soak.window', 'soak.rotated'])
    for (let one = 0; one < 10; one += 1)
      await scenario.home.call('POST', '/v1/events', { type, subject: `s${(step + one) % 4}`, data: { step } });
}

/** One cycle: a reload with a new secret, then each disturbance. Yields after each step. */
async function* cycle(number: number): AsyncIterable<string> {
  await scenario.save(number);
  await rotated.rotate(number);
  await scenario.home.call('POST', '/v1/reload');
  yield 'a reload with another version of the rules and another secret';
  for (const disturbance of DISTURBANCES) {
    await disturbance.run(scenario);
    yield disturbance.name;
  }
}

async function soak(): Promise<{ readonly samples: readonly Sample[]; readonly steps: number }> {
  const began = performance.now();
  const samples: Sample[] = [];
  let steps = 0;
  for (let number = 1; performance.now() - began < MINUTES * 60_000; number += 1) {
    for await (const name of cycle(number)) {
      const until = performance.now() + STEP_MS;
      await post(steps);
      steps += 1;
      samples.push(await sample(scenario.home, began));
      if (MINUTES >= 5 && steps % 12 === 1) progress(samples, name);
      await pause(Math.max(0, until - performance.now()));
    }
  }
  return { samples, steps };
}

function progress(samples: readonly Sample[], name: string): void {
  const last = samples.at(-1)!;
  const values = QUANTITIES.map((quantity) => `${quantity} ${last[quantity].toFixed(0)}`).join(', ');
  process.stderr.write(`soak: ${last.at.toFixed(1)} min, ${values}, after ${name}\n`);
}

/** Quantities that grow, of those for which the run is long enough. Descriptors and timers are exact; memory needs a long run. */
function growth(samples: readonly Sample[], rounds: Rounds): readonly Violation[] {
  const found: Violation[] = [];
  for (const quantity of QUANTITIES) {
    const points = minima(
      samples.filter(({ at }) => at >= WARM_UP),
      quantity,
    );
    if (points.length < MIN_MINUTES) continue;
    const { slope, lower, upper } = fitLine(points.map(([minute, value]) => [minute / 60, value] as const));
    const text = `${quantity} changes by ${slope.toFixed(1)} an hour (${lower.toFixed(1)} to ${upper.toFixed(1)})`;
    process.stderr.write(`soak: ${text}, at last ${points.at(-1)![1].toFixed(0)}\n`);
    rounds.max(`${quantity} an hour at most`, Math.round(upper * 10) / 10);
    if (lower > FLAT[quantity]) found.push({ invariant: 'I23', text });
  }
  return found;
}

/** Channels at which each event of a kind arrives once. */
const channelsOf = (kind: string): readonly string[] =>
  KINDS[kind]!.channels.filter((channel) => !REFUSING.includes(channel));

/** Events that were answered, and that did not arrive at each of their channels, or arrived twice. */
async function unequal(): Promise<readonly Violation[]> {
  await scenario.destinations.collect();
  const counts = new Map<string, number>();
  for (const { rule, channel, event, accepted } of scenario.destinations.arrivals)
    if (accepted) counts.set(`${rule} ${channel} ${event}`, (counts.get(`${rule} ${channel} ${event}`) ?? 0) + 1);
  const { answered } = scenario.posts;
  const wanted = answered.flatMap(({ kind, id }) => channelsOf(kind).map((channel) => `${kind} ${channel} ${id}`));
  return wanted
    .filter((name) => counts.get(name) !== 1)
    .map((name) => ({ invariant: 'I23' as const, text: `${name} arrived ${counts.get(name) ?? 0} times` }));
}

/** Time for everything that was accepted to end, milliseconds. */
const DRAIN_MS = 180_000;

async function quiet(): Promise<void> {
  const until = performance.now() + DRAIN_MS;
  while (!(await scenario.isQuiet())) {
    if (performance.now() > until) throw new Error(`deliveries have not ended after ${DRAIN_MS / 1000} s`);
    await pause(100);
  }
}

it('a long run with a disturbance each few seconds needs no more memory, descriptors, threads and timers, and loses nothing', async () => {
  const rounds = new Rounds('soak', ['I23']);
  await open();
  const { samples, steps } = await soak();
  await quiet();
  rounds.add('disturbances', steps);
  rounds.add('events', scenario.posts.answered.length);
  rounds.add('arrivals', scenario.destinations.arrivals.length);
  const { present, earlier, unknown } = rotated.counts;
  rounds.add('requests with a rotated secret', present);
  rounds.end([...growth(samples, rounds), ...(await unequal())], `${MINUTES} minutes`);
  expect(rounds.violations).toEqual([]);
  expect(present).toBeGreaterThan(0);
  // A secret that was replaced may be in the attempts of one moment only.
  expect([earlier, unknown]).toEqual([0, 0]);
  expect(await scenario.home.stop()).toBe(0);
});

it('the line through the samples of a run shows growth, and none where there is none', () => {
  const noisy = (perHour: number) =>
    Array.from(
      { length: 45 },
      (_, minute) => [minute / 60, 200 + (perHour * minute) / 60 + (((minute * 7919) % 13) - 6) / 2] as const,
    );
  expect(fitLine(noisy(0)).upper).toBeLessThan(FLAT.memory);
  expect(fitLine(noisy(40)).lower).toBeGreaterThan(FLAT.memory);
  expect(fitLine(noisy(40)).slope).toBeCloseTo(40, -1);
});
