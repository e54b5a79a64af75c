import { execFile } from 'node:child_process';
import { mkdir, symlink } from 'node:fs/promises';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import { attacksOn } from '../support/attack.ts';
import { NO_WATCH, reload, withdraw } from '../support/reload.ts';

const run = promisify(execFile);
const attack = attacksOn({ daemon: NO_WATCH });

attack('E22', async (target) => {
  const { generation } = await reload(target);
  const places: readonly (readonly [make: (file: string) => Promise<unknown>, code: string | undefined])[] = [
    [(file) => run('mkfifo', [file]), 'file.not_regular'],
    [(file) => symlink('/dev/zero', file), 'file.not_regular'],
    [(file) => symlink('attack.yaml', file), 'file.unreadable'],
    [(file) => symlink('/nowhere', file), 'file.unreadable'],
    [(file) => symlink('/etc/passwd', file), 'schema.type'],
    [(file) => mkdir(file), undefined],
  ];
  for (const [make, code] of places) {
    await make(target.home.path('rules', 'attack.yaml'));
    const { ok, problems, generation: after } = await reload(target);
    expect([ok, problems[0]?.code, code === undefined || after === generation]).toEqual([
      code === undefined,
      code,
      true,
    ]);
    await withdraw(target);
  }
  const many = target.home.path('rules', 'many');
  await mkdir(many);
  await symlink('..', target.home.path('rules', 'many', 'loop'));
  await run('sh', ['-c', 'seq 1 20000 | xargs touch'], { cwd: many });
  expect(await reload(target)).toMatchObject({ ok: true, problems: [] });
  await run('sh', ['-c', `seq 1 10001 | sed 's/$/.yaml/' | xargs touch`], { cwd: many });
  expect(await reload(target)).toMatchObject({ ok: false });
  // An endless file is not read to its end.
  const check = await target.home.belfry(['check', '/dev/zero']);
  expect(check.code).toBe(78);
  await withdraw(target, 'many');
});
