import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, mkdir, readlink, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import { runningDaemon } from '../installation.ts';
import { type Faults, NEEDS_ROOT } from './fault.ts';

const NOBODY = 65_534;

/** `systemctl show` of systemd 252 for a unit of the system. */
const unit = (properties: string, manager: 'system' | 'user' = 'system'): Readonly<Record<string, string>> => ({
  systemctl: `[ "$1" ${manager === 'user' ? '=' : '!='} --user ] && printf 'LoadState=loaded\\n${properties}\\n' || echo LoadState=not-found`,
});

export const daemonFaults: Faults = {
  'daemon.running': {
    level: 'fail',
    says: /no socket/,
    make: () => ({ caller: { version: '1.0.0', daemon: { unreachable: 'there is no socket' } } }),
  },
  'daemon.version': {
    level: 'warn',
    says: /the daemon has the version 0\.9\.0, and this program 1\.0\.0/,
    make: () => ({ caller: { version: '1.0.0', daemon: runningDaemon({ version: '0.9.0' }) } }),
  },
  'daemon.single': {
    level: 'fail',
    says: /2 daemons run on .*: pid \d+ \(process\), pid \d+ \(process\)/,
    async make(folder) {
      const config = path.join(folder, 'rules');
      await mkdir(path.join(folder, 'root', 'proc'), { recursive: true });
      // Processes with the arguments of a daemon; the doctor sees them through the real /proc.
      for (const _ of [1, 2]) {
        const script = 'console.log(1); setInterval(() => {}, 1000)';
        const child = spawn(process.execPath, ['-e', script, '/usr/lib/belfry/belfry.js', 'run', '--config', config]);
        onTestFinished(() => void child.kill('SIGKILL'));
        await once(child.stdout, 'data');
        await symlink(`/proc/${child.pid}`, path.join(folder, 'root', 'proc', String(child.pid)));
        await readlink(`/proc/${child.pid}/cwd`);
      }
      return {};
    },
  },
  'daemon.ready': {
    level: 'fail',
    says: /the disk is full/,
    make: () => ({ running: { status: runningDaemon({ ready: false, reasons: ['the disk is full'] }) } }),
  },
  'channels.working': {
    level: 'fail',
    says: /the channel ops is misconfigured: 401 since 09:12; 3 deliveries wait/,
    make: () => ({
      running: {
        status: runningDaemon({
          channels: [
            { name: 'ops', type: 'log', state: 'misconfigured', reason: '401 since 09:12', pending: 1, held: 2 },
          ],
        }),
      },
    }),
  },
  'channels.seen': {
    level: 'fail',
    says: /the test message of ops was not seen by a person at 2026/,
    make: () => ({
      running: {
        status: runningDaemon({ channels: [{ name: 'ops', type: 'log', state: 'ok', pending: 0, held: 0 }] }),
        seen: new Map([['ops', { seen: false, at: '2026-11-23T09:00:00.000Z' }]]),
      },
    }),
  },
  'sources.working': {
    level: 'fail',
    says: /the source box fails: EACCES/,
    make: () => ({
      running: {
        status: runningDaemon({ sources: [{ name: 'box', type: 'files', state: 'failing', reason: 'EACCES' }] }),
      },
    }),
  },
  'dead-letters.waiting': {
    level: 'warn',
    says: /2 dead letters wait/,
    make: () => ({
      running: {
        status: runningDaemon({ deliveries: { pending: 0, sending: 0, held: 0, delivered: 0, dead: 2 } }),
      },
    }),
  },
  'service.enabled': {
    level: 'fail',
    says: /the service is disabled/,
    make: () => ({ programs: unit('UnitFileState=disabled') }),
  },
  'service.linger': {
    level: 'warn',
    says: /ends at logout/,
    make: () => ({ programs: { ...unit('UnitFileState=enabled', 'user'), loginctl: 'echo no' } }),
  },
  'service.watchdog': {
    level: 'warn',
    says: /no watchdog/,
    make: () => ({ programs: unit('WatchdogUSec=0') }),
  },
  'service.restart': { level: 'warn', says: /Restart=no/, make: () => ({ programs: unit('Restart=no') }) },
  'service.sandbox': {
    level: 'fail',
    says: /the source box watches \/home\/ann\/inbox, which `ProtectHome=yes` of the unit hides/,
    make: () => ({
      programs: unit('ProtectHome=yes'),
      rules: 'sources: { box: { type: files, paths: /home/ann/inbox/*.csv } }',
    }),
  },
  'service.log': {
    level: 'fail',
    says: /StandardOutput=null/,
    make: () => ({ programs: unit('StandardOutput=null') }),
  },
  'service.permissions': {
    level: 'fail',
    says: /the user nobody may not read .*rules\.yaml/,
    skip: NEEDS_ROOT,
    async make(folder) {
      const state = path.join(folder, 'state');
      await mkdir(state);
      await chown(state, NOBODY, NOBODY);
      await chmod(folder, 0o755);
      return {};
    },
  },
  'command.program': {
    level: 'fail',
    says: /the program \/nowhere\/pager does not exist/,
    make: () => ({ rules: 'channels: { run: { type: command, run: [/nowhere/pager] } }' }),
  },
  'file.writable': {
    level: 'fail',
    says: /cannot be written \(ENOTDIR/,
    async make(folder) {
      await writeFile(path.join(folder, 'plain'), '');
      return { rules: `channels: { out: { type: file, path: ${folder}/plain/out.jsonl } }` };
    },
  },
};
