import { createHmac } from 'node:crypto';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { Home } from '../../support/daemon.ts';
import { freePort, programPath, startProgram } from '../../support/program-server.ts';

const program = programPath('webhook');
const needs = program === undefined ? ' (skipped: install the Debian package webhook)' : '';

const SECRET = 'secret-of-hub';

const value = (source: string, name: string, text: string) => ({
  match: { type: 'value', value: text, parameter: { source, name } },
});

/** Hooks that run a script in the folder. */
const hooksIn = (folder: string) => [
  {
    id: 'signed',
    'execute-command': path.join(folder, 'record.sh'),
    'command-working-directory': folder,
    'pass-arguments-to-command': [
      { source: 'payload', name: 'head_commit.id' },
      { source: 'payload', name: 'commits.1.added-files' },
      { source: 'payload', name: 'forced' },
      { source: 'payload', name: 'missing' },
      { source: 'string', name: '{{ $HOME }} ${env:HOME}' },
      { source: 'header', name: 'X-GitHub-Event' },
    ],
    'pass-environment-to-command': [
      { source: 'payload', name: 'pusher.name', envname: 'PUSHER' },
      { source: 'string', name: 'high', envname: 'LEVEL' },
    ],
    'trigger-rule': {
      and: [
        {
          match: {
            type: 'payload-hash-sha256',
            secret: SECRET,
            parameter: { source: 'header', name: 'X-Hub-Signature-256' },
          },
        },
        { or: [value('payload', 'ref', 'refs/heads/main'), value('header', 'X-GitHub-Event', 'ping')] },
        {
          not: {
            match: { type: 'regex', regex: '^wip|skip', parameter: { source: 'payload', name: 'head_commit.message' } },
          },
        },
        value('payload', 'size', '2'),
      ],
    },
  },
  {
    id: 'open',
    'execute-command': path.join(folder, 'record.sh'),
    'pass-arguments-to-command': [{ source: 'url', name: 'q' }, { source: 'entire-query' }],
    'pass-environment-to-command': [{ source: 'url', name: 'level', envname: 'LEVEL' }],
    'response-message': 'Executing {{ it }}',
    'trigger-rule': { match: { type: 'ip-whitelist', 'ip-range': '127.0.0.0/8 10.0.0.1' } },
  },
];

/** Writes arguments and environment of each call as a line, and whether it runs in the folder of the script. */
const SCRIPT = `#!/bin/sh
line=$(printf '<%s>' "$@")
[ "$PWD" = "$(dirname "$0")" ] && here=here
printf '%s\\n' "$line PUSHER=$PUSHER LEVEL=$LEVEL $here" >> "$(dirname "$0")/calls"
`;

async function scriptIn(folder: string): Promise<string> {
  await mkdir(folder);
  await writeFile(path.join(folder, 'record.sh'), SCRIPT);
  await chmod(path.join(folder, 'record.sh'), 0o755);
  await writeFile(path.join(folder, 'hooks.json'), JSON.stringify(hooksIn(folder)));
  return folder;
}

const callsIn = async (folder: string): Promise<readonly string[]> =>
  (await readFile(path.join(folder, 'calls'), 'utf8').catch(() => '')).split('\n').sort();

const push = (changes: object = {}) =>
  JSON.stringify({
    ref: 'refs/heads/main',
    size: 2,
    forced: false,
    head_commit: { id: 'c1', message: 'a "quoted" & $(dangerous) text' },
    commits: [{}, { 'added-files': 'a.txt' }],
    pusher: { name: 'Ann' },
    ...changes,
  });

function post(origin: string, body: string, secret = SECRET, event = 'push'): Promise<Response> {
  const signature = `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
  const headers = {
    'Content-Type': 'application/json',
    'X-Hub-Signature-256': signature,
    'X-GitHub-Event': event,
    'X-GitHub-Delivery': signature.slice(0, 40) + event,
  };
  return fetch(`${origin}/hooks/signed`, { method: 'POST', body, headers });
}

/** Requests of which some run the program, in this order. */
async function sendAll(origin: string): Promise<string> {
  await post(origin, push());
  await post(origin, push({ ref: 'refs/heads/other' }));
  await post(origin, push({ ref: 'refs/heads/other' }), SECRET, 'ping');
  await post(origin, push(), 'another secret');
  await post(origin, push({ head_commit: { id: 'c2', message: 'please skip this' } }));
  await post(origin, push({ size: 3 }));
  await post(origin, push({ head_commit: {} }));
  await post(origin, push({ size: '2', commits: [], pusher: {} }));
  const answer = await fetch(`${origin}/hooks/open?level=low&q=a%20b`);
  return answer.text();
}

test.skipIf(program === undefined)(`imported hooks run the same programs as adnanh/webhook${needs}`, async () => {
  const home = await Home.make();
  const port = await freePort();
  const [theirs, ours] = await Promise.all([scriptIn(home.path('theirs')), scriptIn(home.path('ours'))]);
  const server = await startProgram({
    program: program!,
    port,
    args: () => ['-hooks', path.join(theirs, 'hooks.json'), '-ip', '127.0.0.1', '-port', String(port)],
  });
  onTestFinished(async () => {
    await home.close();
    await server.stop();
  });
  const { stdout: rules, code } = await home.belfry(['import', path.join(ours, 'hooks.json')]);
  expect(code).toBe(0);
  await home.rules(rules);
  home.env.SIGNED_SECRET = SECRET;
  await home.start();

  expect(await sendAll(`http://${home.address}`)).toBe(await sendAll(`http://127.0.0.1:${port}`));
  await expect.poll(() => callsIn(theirs), { timeout: 20_000 }).toHaveLength(5);
  await expect.poll(() => callsIn(ours), { timeout: 20_000 }).toEqual(await callsIn(theirs));
  const { stdout: deliveries } = await home.belfry(['deliveries', '--json']);
  expect(deliveries.trim().split('\n')).toHaveLength(4);
});
