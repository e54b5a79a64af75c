import { chmod, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Faults } from './fault.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

export const ruleFaults: Faults = {
  'rules.load': {
    level: 'fail',
    says: /rules\.yaml:2:\d+: .*matc/,
    make: () => ({ rules: 'rules: [{ name: a, matc: { type: x }, notify: [] }]' }),
  },
  'rules.warnings': {
    level: 'warn',
    says: /data\.pth/,
    make: (folder) => ({
      rules: `sources: { box: { type: files, paths: ${folder}/box } }
channels: { log: { type: log } }
rules: [{ name: a, on: box, match: { data.pth: x }, notify: log }]`,
    }),
  },
  'rules.applied': { level: 'warn', says: /not in force/, make: () => ({ running: { isApplied: false } }) },
  'rules.unused': {
    level: 'warn',
    says: /matched: a/,
    make: () => ({
      rules: `channels: { log: { type: log } }
rules: [{ name: a, notify: log }, { name: b, notify: log }, { name: c, on: belfry, notify: log }]`,
      running: { history: { matched: new Set(['b']), since: Date.now() - 40 * DAY_MS } },
    }),
  },
  'rules.own-events': {
    level: 'warn',
    says: /no rule notifies of belfry\.channel\.failing, belfry\.delivery\.dead/,
    make: () => ({
      rules: `channels: { log: { type: log } }
rules: [{ name: a, on: belfry, match: { type: [belfry.channel.misconfigured, belfry.source.failing] }, notify: log }]`,
    }),
  },
  'rules.own-channel': {
    level: 'warn',
    says: /the failure of the channel ops is reported by ops only/,
    make: () => ({
      rules: `channels: { ops: { type: log }, other: { type: log } }
rules: [{ name: a, on: belfry, match: { type: { glob: belfry.channel.* } }, notify: ops }]`,
    }),
  },
  'rules.writable-by-others': {
    level: 'fail',
    says: /can be edited by every user/,
    async make(folder) {
      const rules = path.join(folder, 'rules');
      await mkdir(rules);
      await writeFile(path.join(rules, 'more.yaml'), 'channels: {}\n');
      await chmod(path.join(rules, 'more.yaml'), 0o666);
      return {};
    },
  },
  'secrets.private': {
    level: 'fail',
    says: /has the mode 644: every user/,
    async make(folder) {
      const file = path.join(folder, 'key');
      await writeFile(file, 'sesame-sesame');
      await chmod(file, 0o644);
      await chmod(folder, 0o755);
      return { rules: `channels: { chat: { type: wecom, key: "\${file:${file}}" } }` };
    },
  },
  'secrets.empty': {
    level: 'fail',
    says: /`\$\{env:PW\}` in .* is empty/,
    make: () => ({ env: { PW: '' }, rules: mail('smtp://user:${env:PW}@127.0.0.1') }),
  },
  'secrets.placeholder': {
    level: 'fail',
    says: /`key` in .* holds a placeholder/,
    make: () => ({ rules: 'channels: { chat: { type: wecom, key: $WECOM_KEY } }' }),
  },
  'secrets.environment': {
    level: 'warn',
    says: /\$\{env:PW\} comes from the environment/,
    make: () => ({ env: { PW: 'sesame-sesame', INVOCATION_ID: '1' }, rules: mail('smtp://user:${env:PW}@127.0.0.1') }),
  },
};

export const mail = (url: string, more = ''): string =>
  `channels: { post: { type: email, url: "${url}", from: a@belfry-doctor.invalid, to: b@example.com${more} } }`;
