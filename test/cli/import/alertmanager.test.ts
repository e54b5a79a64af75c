import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { runCommand, testTerminal } from '../../support/command-line.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { imported, importedText, problemsOf, sampleText } from './imported.ts';

test('receivers become channels, and secrets stay out of the rules', async () => {
  const { rules, variables, stderr } = await imported('alertmanager.yml');
  expect(rules).toContain('password: ${env:SMTP_AUTH_PASSWORD}');
  expect(rules).toContain('token: ${file:/etc/alertmanager/telegram-token}');
  const secrets = /secret-smtp-password|B00000000|0123456789abcdef|very-secret/;
  expect(sampleText('alertmanager.yml')).toMatch(secrets);
  expect(rules + stderr).not.toMatch(secrets);
  expect(variables).toEqual([
    'ALERTMANAGER_TOKEN',
    'SMTP_AUTH_PASSWORD',
    'PAGER_ROUTING_KEY',
    'PAGER_URL',
    'SLACK_API_URL',
  ]);
  expect(stderr).toContain(`set these variables in the environment of the daemon: ${variables.join(', ')}`);
});

test('what cannot be translated is named with its line, and the exit code is 1', async () => {
  const { code, stderr } = await imported('alertmanager.yml');
  expect(code).toBe(1);
  const named = [...stderr.matchAll(/^alertmanager\.yml:(\d+): (\S+): not translated: [^;]+; \S/gm)];
  expect(named.map(([, line, text]) => `${line} ${text}`)).toEqual([
    '11 route.group_by',
    '12 route.group_wait',
    '32 inhibit_rules[1]',
    '41 time_intervals[2]',
    '58 receivers[3].slack_configs[1].channel',
    '59 receivers[3].slack_configs[1].title',
    '66 receivers[4].jira_configs[1]',
  ]);
});

test('a channel that `belfry check` would refuse is named and left out, with its secret and its rule', async () => {
  const config = `route: { receiver: ops, routes: [{ receiver: pager, matchers: [a=b], continue: true }] }
receivers:
  - name: ops
    slack_configs: [{ api_url: 'https://hooks.slack.com/services/T0/B0/x' }]
  - name: pager
    pagerduty_configs: [{ routing_key: 'secret key' }]
`;
  const { code, rules, stderr, variables } = await importedText(config);
  expect(code).toBe(1);
  expect(stderr).toMatch(
    /^standard input:6: receivers\[2\]\.pagerduty_configs\[1\]: not translated: .*character.*; copy/m,
  );
  expect(rules).not.toMatch(/pagerduty|pager$/m);
  expect(variables).toEqual(['ALERTMANAGER_TOKEN', 'OPS_API_URL']);
  expect(stderr).not.toMatch(/secret key|PAGER/);
});

test('`--env` writes the secrets to a file that only the owner can read, and never over another one', async () => {
  const file = path.join(await temporaryFolder(), 'belfry.env');
  await imported('alertmanager.yml', '--env', file);
  expect(await readFile(file, 'utf8')).toMatch(
    /^# ALERTMANAGER_TOKEN=\nSMTP_AUTH_PASSWORD="secret-smtp-password"\nPAGER_ROUTING_KEY="0123456789abcdef/,
  );
  const again = await runCommand(testTerminal(), ['import', 'x.yml', '--env', file]);
  expect(again.code).toBe(2);
});

/** Routes of Alertmanager, by the labels of an alert: https://prometheus.io/webtools/alerting/routing-tree-editor/ */
test.each([
  [{ severity: 'critical', team: 'db' }, ['pager', 'pager-2', 'chat']],
  [{ severity: 'critical', team: 'mail' }, ['chat']],
  [{ severity: 'critical' }, ['chat']],
  [{ service: 'foo1' }, ['chat']],
  [{ service: 'foo1', owner: 'team-X' }, ['team-x']],
  [{ service: 'foo1', env: 'test' }, ['default-mail']],
  [{ service: 'foo12' }, ['default-mail']],
  [{ owner: 'team-X' }, ['default-mail']],
  [{ alertname: 'Watchdog' }, []],
])('an alert with the labels %j goes where Alertmanager sends it', async (labels, channels) => {
  const { folder } = await imported('alertmanager.yml');
  const event = {
    source: 'alertmanager',
    type: 'alert.firing',
    data: {
      labels: { alertname: 'X', ...labels },
      annotations: { summary: 's' },
      generatorURL: 'http://p/',
      fingerprint: 'f',
    },
  };
  expect(await problemsOf(folder, event, channels)).toEqual([]);
});
