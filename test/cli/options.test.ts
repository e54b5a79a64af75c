import type { Command } from 'commander';
import { expect, test } from 'vitest';
import { TypedArgument, TypedOption } from '../../daemon/cli/options.ts';
import { BelfryError } from '../../daemon/core/problems/failure.ts';
import { commandTree } from '../../daemon/cli/program.ts';
import { belfry, testTerminal } from '../support/command-line.ts';
import { type OpenedListener, openTestListener } from '../support/listener.ts';
import { WRONG_VALUES } from '../support/wrong-values.ts';

interface Verb {
  readonly words: readonly string[];
  readonly command: Command;
}

function leaves(command: Command, words: readonly string[] = []): readonly Verb[] {
  if (command.commands.length === 0) return [{ words, command }];
  return command.commands.flatMap((child) => leaves(child, [...words, child.name()]));
}

const verbs = leaves(await commandTree(testTerminal(), '0.0.0', () => {}));

/** A valid value of the argument. */
const RIGHT: Readonly<Record<string, string>> = { name: 'rules', shell: 'bash' };

function argumentsOf({ command }: Verb): readonly string[] {
  return command.registeredArguments
    .filter(({ required }) => required)
    .map((argument) => RIGHT[argument.name()] ?? 'x');
}

const talks = ({ command }: Verb): boolean => command.options.some(({ long }) => long === '--url');
const options = verbs.flatMap((verb) =>
  verb.command.options
    .filter((option) => !option.isBoolean() && option.long !== '--url')
    .map((option) => [verb.words.join(' '), option.long!, option, verb] as const),
);
const positional = verbs.flatMap((verb) =>
  verb.command.registeredArguments.map(
    (argument, index) => [verb.words.join(' '), argument.name(), argument, index, verb] as const,
  ),
);

/** Runs the verb against a daemon; `asked` counts its requests. */
async function run(verb: Verb, args: readonly string[]) {
  const to = await openTestListener();
  const asked = countRequests(to);
  const ran = await belfry(talks(verb) && !args.includes('--url') ? to : undefined, [...verb.words, ...args]);
  return { ...ran, asked: asked() };
}

function countRequests(to: OpenedListener): () => number {
  const { daemon } = to;
  return () =>
    daemon.calls.length +
    daemon.accepted.length +
    daemon.asked.length +
    daemon.resends.length +
    daemon.explained.length;
}

test('every option with a value and every argument has a kind, and every kind has wrong values', () => {
  for (const [, , option] of options) {
    expect(option).toBeInstanceOf(TypedOption);
    expect(WRONG_VALUES[(option as TypedOption).kind.name]).toBeDefined();
  }
  for (const [, , argument] of positional) expect(argument).toBeInstanceOf(TypedArgument);
});

test.each(options)(
  '%s %s refuses wrong values with exit 2, and names the option, the value and what is allowed',
  async (_, long, option, verb) => {
    const { kind } = option as TypedOption;
    for (const wrong of WRONG_VALUES[kind.name]!) {
      const { code, stderr, asked } = await run(verb, [...argumentsOf(verb), `${long}=${wrong}`]);
      expect(stderr).toContain(
        `belfry: ${long}: \`${wrong.replace(/\p{Cc}/gu, ' ')}\` is not allowed: give ${kind.allowed}`,
      );
      expect([wrong, code, asked, stderr.split('\n').length]).toEqual([wrong, 2, 0, 2]);
    }
  },
);

const flags = verbs.flatMap((verb) =>
  verb.command.options
    .filter((option) => option.isBoolean())
    .map(({ long }) => [verb.words.join(' '), long!, verb] as const),
);

test.each(flags)('%s %s given twice is exit 2, although it has no value', async (_, long, verb) => {
  const { code, stderr, asked } = await run(verb, [...argumentsOf(verb), long, long]);
  expect([code, asked, stderr]).toEqual([2, 0, `belfry: ${long} is given a second time: give it once\n`]);
});

test.each(options)('%s %s given twice is exit 2', async (_, long, option, verb) => {
  const right = [`${long}=${rightValue(option as TypedOption)}`];
  const { code, stderr, asked } = await run(verb, [...argumentsOf(verb), ...right, ...right]);
  expect([code, asked, stderr]).toEqual([
    2,
    0,
    expect.stringMatching(new RegExp(`^belfry: ${long}: .*given a second time`)),
  ]);
});

const RIGHT_VALUES = ['x', '1m', '2026-11-23T09:00:00Z', '7', 'http://127.0.0.1:1', 'Europe/Berlin'];

function rightValue({ kind }: TypedOption): string {
  const words = [...kind.allowed.matchAll(/`([^`]+)`/g)].map((match) => match[1]!);
  return [...words, ...RIGHT_VALUES].find((value) => kind.read(value) !== undefined)!;
}

test.each(positional)('%s refuses a wrong %s with exit 2', async (_, name, argument, index, verb) => {
  const { kind } = argument as TypedArgument;
  for (const wrong of WRONG_VALUES[kind.name]!) {
    const { code, stderr } = await belfry(undefined, [
      ...verb.words,
      '--',
      ...argumentsOf(verb).slice(0, index),
      wrong,
    ]);
    expect([wrong, code, stderr]).toEqual([wrong, 2, expect.stringContaining(name)]);
    expect(stderr).toContain(kind.allowed);
  }
});

test.each(verbs.map((verb) => [verb.words.join(' '), verb] as const))(
  '%s refuses an option that it does not have',
  async (_, verb) => {
    const foreign = talks(verb) ? '--nosuch' : '--url';
    const { code, stderr } = await run(verb, [...argumentsOf(verb), `${foreign}=http://127.0.0.1:1`]);
    expect([code, stderr]).toEqual([2, expect.stringContaining(`belfry: unknown option '${foreign}`)]);
  },
);

test('an address with more than a path, or no address, is refused', async () => {
  for (const url of WRONG_VALUES.address!) {
    const { code, stderr } = await belfry(undefined, ['status', `--url=${url}`]);
    expect([url, code, stderr]).toEqual([url, 2, expect.stringMatching(/^belfry: --url: /)]);
  }
});

test.each([
  [['events', '--order', 'up'], '--order: `up` is not allowed: give one of `desc`, `asc`'],
  [['deliveries', '--limit', '2000'], '--limit: `2000` is not allowed: give a number from 1 to 1000'],
  [['deliveries', '--state', 'nosuch'], '--state: `nosuch` is not allowed: give one of `pending`, `sending`'],
  [['dead', 'list', '--class', 'foo'], '--class: `foo` is not allowed: give one of `permanent`, `exhausted`'],
  [['dead', 'resend', '--channel', 'a', '--channel', 'b'], '--channel: `b` is given a second time'],
  [['emit', 'a', '--id', ''], '--id: `` is not allowed'],
  [
    ['emit', 'a', '--wait', '10m'],
    '--wait: `10m` is not allowed: give a duration such as `2h` or `1h30m`, of at most 5m',
  ],
  [['emit', 'a', '--wait', 'host=db1'], '--wait: `host=db1` is not allowed'],
  [['run', '--url', 'http://127.0.0.1:1'], "unknown option '--url'"],
  [['events', 'e-1', '--since', '2h'], '--since is for listings'],
  [['deliveries', 'd-1', '--all'], '--all is for listings'],
])('%j is wrong usage before anything is asked', async (args, message) => {
  const { code, stderr } = await belfry(undefined, args);
  expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
});

test('filters reach the daemon unchanged, in every time zone', async () => {
  const to = await openTestListener();
  await belfry(to, ['events', '--since', '90m', '--until', '2026-11-23T09:00:00+08:00', '--key', '', '--limit', '7']);
  await belfry(to, ['deliveries', '--state', 'dead,held', '--order', 'asc']);
  expect(to.daemon.asked).toEqual([
    { since: { ago: 5_400_000 }, until: { at: Date.parse('2026-11-23T01:00:00Z') }, key: '', limit: 7, order: 'desc' },
    { states: ['dead', 'held'], limit: 50, order: 'asc' },
  ]);
});

test('an invalid event is refused before it is sent', async () => {
  const to = await openTestListener();
  const deep = `${'{"a":'.repeat(40)}1${'}'.repeat(40)}`;
  const { code, stderr } = await belfry(to, ['emit', 'a', '--data', deep]);
  expect([code, stderr]).toEqual([2, 'belfry: this is not an event: `data` is nested deeper than 32\n']);
  expect(to.daemon.accepted).toEqual([]);
});

test('wrong usage that only the daemon can detect is exit 2, too', async () => {
  const to = await openTestListener();
  to.daemon.events = () => Promise.reject(new BelfryError('history.cursor', 'this is not a cursor'));
  const { code, stderr } = await belfry(to, ['events', '--cursor', 'nosuch']);
  expect([code, stderr]).toEqual([2, 'belfry: the daemon answered 400: this is not a cursor\n']);
});

test('a wrong address is shown without its user and password', async () => {
  const { code, stderr } = await belfry(undefined, ['status', '--url', 'http://ops:secret@127.0.0.1:1']);
  expect([code, stderr]).toEqual([2, expect.stringContaining('`http://***@127.0.0.1:1` is not allowed')]);
});
