import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { jobText, type JobSettings, WRAPPER } from '../../../daemon/service/launchd/job.ts';
import { plistText } from '../../../daemon/service/launchd/plist.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const hasPlistutil = existsSync('/usr/bin/plistutil');
const skipped = hasPlistutil ? '' : ' (needs plistutil)';

const AGENT: JobSettings = {
  command: ['/opt/homebrew/bin/node', '/opt/homebrew/lib/node_modules/belfry/bin/belfry.js'],
  config: '/Users/ann/My <rules> & more',
  state: '/Users/ann/.local/state/belfry',
  runtime: '/Users/ann/.local/state/belfry/run',
  log: '/Users/ann/Library/Logs/belfry/belfry.log',
};
const DAEMON: JobSettings = { ...AGENT, account: '_belfry' };

/** The property list as another program reads it: it turns the text into the binary form, which has types, and back. */
async function read(text: string): Promise<unknown> {
  const folder = await temporaryFolder();
  const [xml, binary] = [path.join(folder, 'job.plist'), path.join(folder, 'job.bin')];
  await writeFile(xml, text);
  await promisify(execFile)('plistutil', ['-i', xml, '-o', binary]);
  expect((await readFile(binary)).subarray(0, 8).toString()).toBe('bplist00');
  const { stdout } = await promisify(execFile)('plistutil', ['-i', binary]);
  const tokens = [...stdout.slice(stdout.indexOf('<plist')).matchAll(/<(\/?)(\w+)[^>]*?(\/?)>([^<]*)/g)].map(
    ([, end, name, empty, content]) => ({ name: `${end}${name}${empty}`, content: content! }),
  );
  return valueOf(tokens.slice(1));
}

interface Token {
  readonly name: string;
  readonly content: string;
}

/** Takes the tokens of one value from the list. */
function valueOf(tokens: Token[]): unknown {
  const { name, content } = tokens.shift()!;
  const items: unknown[] = [];
  if (name === 'true/' || name === 'false/') return name === 'true/';
  if (name === 'array/') return [];
  while (tokens[0]!.name !== `/${name}`) items.push(valueOf(tokens));
  tokens.shift();
  if (name === 'array') return items;
  if (name === 'integer') return Number(content);
  if (name !== 'dict') return content.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
  return Object.fromEntries(Array.from({ length: items.length / 2 }, (_, at) => items.slice(2 * at, 2 * at + 2)));
}

test.skipIf(!hasPlistutil)(
  `the keys of an agent and of a daemon have the types of launchd.plist(5)${skipped}`,
  async () => {
    const limits = { NumberOfFiles: 8192, Core: 0 };
    const agent = await read(jobText(AGENT));
    const common = {
      Label: 'io.github.belfry',
      ProgramArguments: ['/bin/sh', '-c', WRAPPER, 'belfry', ...AGENT.command, 'run', '--config', AGENT.config],
      RunAtLoad: true,
      KeepAlive: { SuccessfulExit: false },
      ThrottleInterval: 10,
      ExitTimeOut: 30,
      Umask: 0o077,
      WorkingDirectory: AGENT.state,
      EnvironmentVariables: { STATE_DIRECTORY: AGENT.state, RUNTIME_DIRECTORY: AGENT.runtime },
      SoftResourceLimits: limits,
      HardResourceLimits: limits,
      StandardOutPath: AGENT.log,
      StandardErrorPath: AGENT.log,
    };
    expect(agent).toEqual({ ...common, ProcessType: 'Adaptive', LimitLoadToSessionType: 'Aqua' });
    expect(await read(jobText(DAEMON))).toEqual({
      ...common,
      ProcessType: 'Standard',
      UserName: '_belfry',
      GroupName: '_belfry',
    });
  },
);

test.skipIf(!hasPlistutil)(`every kind of value is read back as it was${skipped}`, async () => {
  const value = { text: '<&>"\'', number: 63, yes: true, no: false, list: ['a', 1, []], map: { key: 'x' } };
  expect(await read(plistText(value))).toEqual(value);
});

/** Runs a shell script in the wrapper of the job. */
function wrapped(script: string) {
  const child = spawn('/bin/sh', ['-c', WRAPPER, 'belfry', '/bin/sh', '-c', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return { child, ended: once(child, 'exit') as Promise<[number]> };
}

test.each([
  [0, 0],
  [1, 1],
  [2, 0],
  [64, 0],
  [69, 69],
  [74, 74],
  [78, 0],
])(
  'a daemon that ends with %i ends its job with %i: launchd starts it again unless that is 0',
  async (code, expected) => {
    expect((await wrapped(`exit ${code}`).ended)[0]).toBe(expected);
  },
);

/** Signals until a promise resolves: a shell acts on a signal that comes just before it begins to wait only after the wait. */
async function signalUntil(child: ChildProcess, signal: NodeJS.Signals, end: Promise<unknown>): Promise<void> {
  let isOver = false;
  void end.then(() => {
    isOver = true;
  });
  while (!isOver) {
    child.kill(signal);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test('the wrapper passes SIGHUP and SIGTERM on and waits for the end of the daemon', async () => {
  const script =
    "trap 'echo hup' HUP; trap 'kill $!; echo term; exit 5' TERM; sleep 600 >/dev/null 2>&1 & echo ready; while :; do wait $!; done";
  const { child, ended } = wrapped(script);
  const said = async (word: string): Promise<void> => {
    for await (const text of child.stdout!.iterator({ destroyOnReturn: false }))
      if (String(text).includes(word)) return;
  };
  await said('ready');
  await signalUntil(child, 'SIGHUP', said('hup'));
  await signalUntil(child, 'SIGTERM', ended);
  expect((await ended)[0]).toBe(5);
});
