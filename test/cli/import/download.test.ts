import { expect, onTestFinished, test } from 'vitest';
import { runCommand, testTerminal } from '../../support/command-line.ts';
import { openTestServer, type TestServer } from '../../support/test-server.ts';
import { sampleText } from './imported.ts';

async function opened(): Promise<TestServer> {
  const server = await openTestServer();
  onTestFinished(() => server.close());
  return server;
}

test('a file behind a login is read, and the login is not shown', async () => {
  const server = await opened();
  server.answer({ status: 200, body: sampleText('alertmanager.yml') }, { status: 401 });
  const url = server.origin.replace('//', '//ops:hunter2%40x@');
  const { code, stderr } = await runCommand(testTerminal(), ['import', url, '--from', 'alertmanager']);
  expect(server.requests[0]).toMatchObject({
    method: 'GET',
    headers: { authorization: `Basic ${btoa('ops:hunter2@x')}` },
  });
  expect([code, stderr.includes('hunter2')]).toEqual([1, false]);
  const refused = await runCommand(testTerminal(), ['import', url]);
  expect(refused.stderr).toBe('belfry: the URL cannot be read: the server answers 401\n');
});

test('a download without end is cut', async () => {
  const server = await opened();
  server.answer({ flood: true });
  const { stderr } = await runCommand(testTerminal(), ['import', server.origin]);
  expect(stderr).toBe('belfry: the URL cannot be read: the file is larger than 10 MB\n');
});

test('a name in the file cannot put control characters into the rules', async () => {
  const hostile = 'receivers: [{ name: "a\\e]0;x\\a\\rrules: []" }]\nroute: { receiver: "a\\e]0;x\\a\\rrules: []" }\n';
  const server = await opened();
  server.answer({ status: 200, body: hostile });
  const { stdout } = await runCommand(testTerminal(), ['import', server.origin, '--from', 'alertmanager']);
  expect(stdout).toContain('receiver');
  expect(stdout.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
});
