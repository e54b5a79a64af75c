import { cp, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { Home } from '../../support/daemon.ts';

const rules = path.resolve(import.meta.dirname, '../../../rules');

test('the shipped rules work as printed at the start: a file, a webhook and an emitted event are sent', async () => {
  const home = await Home.make();
  try {
    await cp(rules, home.path('rules'), { recursive: true });
    await writeFile(
      home.path('rules', 'hello.yaml'),
      (await readFile(home.path('rules', 'hello.yaml'), 'utf8')).replace(
        'state: ../.belfry',
        `state: ${home.path('state')}\n  listen: 127.0.0.1:0`,
      ),
    );
    await mkdir(home.path('inbox'));
    await home.start('--try-it');
    await writeFile(home.path('inbox', '.note'), 'hi\n');
    await rename(home.path('inbox', '.note'), home.path('inbox', 'note.txt'));
    const answer = await fetch(`http://${home.address}/hooks/hello`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"text":"hello"}',
    });
    expect(answer.status).toBe(202);
    expect((await home.belfry(['emit', 'backup.done', 'text=all well'])).code).toBe(0);
    const outbox = async (): Promise<string> =>
      readFile(home.path('outbox', 'notifications.jsonl'), 'utf8').catch(() => '');
    const delivered = (title: string) => home.logged((line) => line.msg === title && line.channel === 'terminal');
    await Promise.all([
      delivered('note.txt created in the inbox'),
      delivered('Hello from the webhook'),
      delivered('backup.done'),
    ]);
    expect(await home.stop()).toBe(0);
    for (const text of ['note.txt created in the inbox', 'hello', 'all well']) expect(await outbox()).toContain(text);
    expect(home.output).toContain('echo hi > inbox/note.txt');
    expect(home.output).toMatch(/Desktop notifications: (?:available here|left out here: )/);
  } finally {
    await home.close();
  }
});
