import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DoctorFinding } from '../../daemon/core/problems/doctor.ts';
import { copyDebianRoot, INSTALLED, linkBelfry, Machine, removeRoot, whyNoDebianRoot } from '../support/debian-root.ts';

const why = whyNoDebianRoot();

const RULES = `
sources:
  box: { type: files, paths: /home/ada/inbox/*.csv }
channels:
  program: { type: command, run: [/bin/true] }
  out: { type: file, path: /srv/out/messages.jsonl }
rules:
  - { name: all, on: box, notify: [program, out] }
`;

describe.skipIf(why !== undefined)(`the doctor of a service${why === undefined ? '' : ` (${why})`}`, () => {
  let machine: Machine;
  beforeAll(async () => {
    const root = await copyDebianRoot();
    await linkBelfry(root);
    machine = await Machine.boot(root, INSTALLED);
    await machine.shell('useradd --create-home ada; mkdir -p /home/ada/inbox /srv/out');
    await mkdir(path.join(root, 'etc/belfry'));
    await writeFile(path.join(root, 'etc/belfry/rules.yaml'), RULES);
    await machine.shell('belfry service install');
  });
  afterAll(async () => {
    await machine.stop();
    await removeRoot(machine.root);
  });

  const faults = async (user?: string): Promise<Readonly<Record<string, readonly string[]>>> => {
    const { stdout } = await machine.run(['belfry', 'doctor', '--json'], user === undefined ? {} : { user });
    const { findings } = JSON.parse(stdout) as { findings: readonly DoctorFinding[] };
    const found: Record<string, string[]> = {};
    for (const { check, level, message } of findings)
      if (level !== 'ok') (found[check] ??= []).push(`${level}: ${message}`);
    return found;
  };

  test('finds what the unit closes, and no fault of the unit itself', async () => {
    const { 'service.sandbox': closed, ...found } = await faults();
    expect(closed).toEqual([
      'fail: the source box watches /home/ada/inbox, which `ProtectHome=yes` of the unit hides',
      'fail: the channel out writes /srv/out/messages.jsonl, which `ProtectSystem=strict` of the unit makes read-only',
    ]);
    // The container has no time service, and the rules notify nobody of faults.
    expect(Object.keys(found).sort()).toEqual([
      'clock.synchronized',
      'file.writable',
      'rules.own-events',
      'sources.working',
    ]);
  });

  test('names the group to a user who may not open the socket, in place of a daemon that does not run', async () => {
    const found = await faults('ada');
    expect(found['socket.access']).toEqual([
      expect.stringMatching(
        /^fail: \/run\/belfry\/belfry\.sock is open to the user \d+ and the group belfry, and this user is neither$/,
      ),
    ]);
    expect(found['daemon.running']).toBeUndefined();
    expect(JSON.stringify(found['service.sandbox'])).not.toContain('.local/state');
  });

  test('examines the state of a stopped service', async () => {
    await machine.shell('systemctl stop belfry; systemctl disable --quiet belfry; touch /var/lib/belfry/note');
    const found = await faults();
    expect(found['state.owner']).toEqual([expect.stringContaining('and other users own: note (user 0)')]);
    expect(found['service.enabled']).toEqual(['fail: the service is disabled']);
    expect(Object.keys(found)).toContain('daemon.running');
  });
});
