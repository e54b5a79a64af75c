import { expect, test } from 'vitest';
import { withFolders } from '../../../daemon/core/compile/folders.ts';
import { lintSteps } from '../../../daemon/core/compile/lint/lint.ts';
import { compileText, rulesetOf } from '../../support/compile.ts';
import { tools } from '../../support/rule-types.ts';

/** The types of rules in tests, of which one attaches files. */
const channels = tools.channels.map((type) =>
  type.type === 'relay' ? { ...type, attachesFiles: true as const } : type,
);
const types = { ...tools, channels };

const CHANNELS = 'channels:\n  mail: { type: relay, host: mail.example.com }\n  log: { type: sink }\n';
const FOLDERS = 'daemon: { attach_from: /srv/reports }\n';
const rule = (to: string, message: string): string =>
  `rules:\n  - name: r\n    notify: ${to}\n    message: ${message}\n`;

test('a channel that attaches files gets the folders, and restarts when they change', () => {
  const fingerprints = ['', FOLDERS, 'daemon: { attach_from: [/srv/reports, /srv/logs] }\n'].map((daemon) => {
    const ruleset = rulesetOf(daemon, CHANNELS);
    const { attachFrom, fingerprint } = withFolders(ruleset.channels.get('mail')!, ruleset.daemon, types);
    expect(attachFrom ?? []).toEqual(ruleset.daemon.attachFrom);
    const other = ruleset.channels.get('log')!;
    expect(withFolders(other, ruleset.daemon, types)).toBe(other);
    return fingerprint;
  });
  expect(new Set(fingerprints).size).toBe(3);
});

test('without folders a warning says, once, that messages lack their files', () => {
  const warningsIn = (...texts: readonly string[]) => {
    const steps = lintSteps(
      texts.map((text, index) => compileText(text, `${index}.yaml`)),
      types,
    );
    for (let step = steps.next(); ; step = steps.next()) if (step.done) return step.value;
  };
  const attaching = rule('mail', '{ attach: /srv/reports/a.txt }');
  expect(warningsIn(CHANNELS, attaching, attaching.replace('name: r', 'name: s'))).toMatchObject([
    { file: '1.yaml', line: 2, code: 'rule.attach', mend: expect.stringContaining('daemon.attach_from') as string },
  ]);
  expect(warningsIn(CHANNELS + FOLDERS, attaching)).toEqual([]);
  expect(warningsIn(CHANNELS, rule('log', '{ attach: /srv/reports/a.txt }'))).toEqual([]);
  expect(warningsIn(CHANNELS, rule('mail', '{ title: x }'))).toEqual([]);
});
