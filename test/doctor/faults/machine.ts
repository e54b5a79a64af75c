import { mkdir, symlink } from 'node:fs/promises';
import path from 'node:path';
import type { Faults } from './fault.ts';

export const machineFaults: Faults = {
  'node.version': {
    level: 'fail',
    says: /v18\.20\.0 is too old/,
    make: () => ({ machine: { nodeVersion: 'v18.20.0' } }),
  },
  'environment.node': {
    level: 'fail',
    says: /NODE_TLS_REJECT_UNAUTHORIZED/,
    make: () => ({ env: { NODE_TLS_REJECT_UNAUTHORIZED: '0' } }),
  },
  'clock.zone': { level: 'fail', says: /TZ is `Mars\/Olympus`/, make: () => ({ env: { TZ: 'Mars/Olympus' } }) },
  'inotify.watches': {
    level: 'fail',
    says: /the sources watch 4 folders, and the kernel allows 2/,
    async make(folder) {
      for (const name of ['a', 'b', 'c']) await mkdir(path.join(folder, 'box', name), { recursive: true });
      return {
        rules: `sources: { box: { type: files, paths: "${folder}/box/**/*.txt" } }`,
        system: { '/proc/sys/fs/inotify/max_user_watches': '2\n' },
      };
    },
  },
  'inotify.instances': {
    level: 'fail',
    says: /use 2 of 2 inotify instances/,
    async make(folder) {
      const files = path.join(folder, 'root', 'proc', '77', 'fd');
      await mkdir(files, { recursive: true });
      for (const fd of ['5', '6']) await symlink('anon_inode:inotify', path.join(files, fd));
      return { system: { '/proc/sys/fs/inotify/max_user_instances': '2\n' } };
    },
  },
  'files.limit': {
    level: 'warn',
    says: /at most 256 files/,
    make: () => ({ system: { '/proc/self/limits': 'Max open files            256                  4096  files\n' } }),
  },
  'memory.room': {
    level: 'warn',
    says: /may use 64 MiB/,
    make: () => ({
      system: { '/proc/self/cgroup': '0::/box\n', '/sys/fs/cgroup/box/memory.max': `${64 * 1024 * 1024}\n` },
    }),
  },
  'log.destination': {
    level: 'warn',
    says: /\/dev\/null/,
    async make(folder) {
      const files = path.join(folder, 'root', 'proc', 'self', 'fd');
      await mkdir(files, { recursive: true });
      await symlink('/dev/null', path.join(files, '1'));
      return { running: {} };
    },
  },
};
