import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { onTestFinished, test, expect } from 'vitest';
import { parse, stringify } from 'yaml';
import { openApp } from '../../daemon/app/app.ts';
import { systemClock } from '../../daemon/lib/time/clock.ts';
import { testTerminal } from '../support/command-line.ts';
import { writeAll } from '../support/simulation.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const root = path.resolve(import.meta.dirname, '../..');
const ALERTS = path.join(root, 'monitoring/prometheus-alerts.yaml');
const CASES = path.join(import.meta.dirname, 'prometheus-alerts.test-rules.yaml');
const DASHBOARD = path.join(root, 'monitoring/grafana-dashboard.json');

const hasPromtool = spawnSync('promtool', ['--version']).error === undefined;
const needs = hasPromtool ? '' : ' (skipped: install the Debian package prometheus)';

/** Runs promtool; returns its output, and throws with it when it finds a problem. */
const promtool = (args: readonly string[], input = ''): string =>
  execFileSync('promtool', args, { encoding: 'utf8', input, stdio: ['pipe', 'pipe', 'pipe'] });

interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

interface Target {
  readonly refId: string;
  readonly expr: string;
  readonly datasource: { readonly type: string; readonly uid: string };
}

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly Target[];
  readonly datasource?: { readonly uid: string };
}

interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly id: null;
  readonly schemaVersion: number;
  readonly templating: {
    readonly list: readonly { readonly name: string; readonly type: string; readonly query: unknown }[];
  };
  readonly annotations: { readonly list: readonly { readonly expr?: string }[] };
  readonly panels: readonly Panel[];
}

const alertRules = (): readonly AlertRule[] =>
  (parse(readFileSync(ALERTS, 'utf8')) as { groups: { rules: AlertRule[] }[] }).groups.flatMap(({ rules }) => rules);
const dashboard = (): Dashboard => JSON.parse(readFileSync(DASHBOARD, 'utf8')) as Dashboard;

/** Expressions of the dashboard, with its variables replaced. */
const dashboardExpressions = (): readonly string[] =>
  [
    ...dashboard().panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
    ...dashboard().annotations.list.flatMap(({ expr }) => expr ?? []),
  ].map((expr) => expr.replaceAll('$__rate_interval', '5m').replaceAll(/\$(?:job|instance)/g, '.*'));

const RULES = `
daemon: { listen: "127.0.0.1:0", reload: { watch: false }, log: { format: json, level: error } }
channels: { ops: { type: log } }
sources:
  backup: { type: heartbeat, every: 1h }
  nightly: { type: schedule, cron: "0 3 * * *" }
rules: [{ name: all, on: api, notify: ops }]
`;

/** Answer of \`/metrics\` of a daemon that has delivered a message. */
async function realMetrics(): Promise<string> {
  const folder = await temporaryFolder();
  await writeAll(path.join(folder, 'rules'), { 'rules.yaml': RULES });
  const env = { HOME: folder, RUNTIME_DIRECTORY: path.join(folder, 'run') };
  const terminal = testTerminal({ env, cwd: folder, pid: process.pid });
  const check = () => Promise.reject(new Error('not used'));
  const config = path.join(folder, 'rules');
  const app = await openApp({ config, terminal, version: '1.2.3', clock: systemClock, check });
  onTestFinished(() => app.stop(true));
  const token = (await readFile(app.tokenFile, 'utf8')).trim();
  const posted = await fetch(`http://${app.listen}/v1/events?wait=20s`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ type: 'one' }),
  });
  expect(posted.status).toBe(200);
  return (await fetch(`http://${app.listen}/metrics`)).text();
}

/** Labels by metric, of the samples in an answer. */
function labelsOf(text: string): ReadonlyMap<string, ReadonlySet<string>> {
  const labels = new Map<string, Set<string>>();
  for (const [, name, braces = ''] of text.matchAll(/^([a-z_]+)(?:\{(.*)\})? \S+$/gm)) {
    const known = labels.get(name!) ?? new Set(['job', 'instance']);
    for (const [, label] of braces.matchAll(/(\w+)="/g)) known.add(label!);
    labels.set(name!, known);
  }
  return labels;
}

/** Metrics of an expression with the labels that it selects: `belfry_alerts` and `state` of `belfry_alerts{state="firing"}`. */
function selectorsOf(expr: string): readonly { readonly name: string; readonly labels: readonly string[] }[] {
  return [...expr.matchAll(/\b((?:belfry|process|nodejs)_\w+|up\b)(?:\{([^}]*)\})?/g)].map(([, name, braces = '']) => ({
    name: name!,
    labels: [...braces.matchAll(/(\w+)(?:=~|!=|!~|=)"/g)].map(([, label]) => label!),
  }));
}

test('each metric and label in the alert rules and the dashboard is in the answer of a daemon, which promtool accepts', async (context) => {
  const text = await realMetrics();
  const known = labelsOf(text);
  const expressions = [...alertRules().map(({ expr }) => expr), ...dashboardExpressions()];
  const unknown = expressions
    .flatMap(selectorsOf)
    .filter(({ name }) => name !== 'up')
    .flatMap(({ name, labels }) =>
      known.has(name)
        ? labels.filter((label) => !known.get(name)!.has(label)).map((label) => `${name}{${label}}`)
        : name,
    );
  expect(unknown).toEqual([]);
  if (!hasPromtool) return context.skip('`promtool check metrics` needs the Debian package prometheus');
  expect(promtool(['check', 'metrics'], text)).toBe('');
});

test('each metric of Belfry is in the documentation', async () => {
  const names = [...(await realMetrics()).matchAll(/^# TYPE (belfry_\w+)/gm)].map(([, name]) => name!);
  const page = readFileSync(path.join(root, 'docs/http-api.md'), 'utf8');
  expect(names.length).toBeGreaterThan(15);
  expect(names.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
});

test.skipIf(!hasPromtool)(
  `Prometheus loads the alert rules, and each alert fires for its cause and for no other${needs}`,
  () => {
    expect(promtool(['check', 'rules', '--lint=all', '--lint-fatal', ALERTS])).toContain('SUCCESS');
    expect(promtool(['test', 'rules', CASES])).toContain('SUCCESS');
  },
);

test('each alert has a case in which it fires and one in which it does not, a severity and a text', () => {
  const { tests } = parse(readFileSync(CASES, 'utf8')) as {
    tests: { alert_rule_test: { alertname: string; exp_alerts?: unknown[] }[] }[];
  };
  const cases = tests.flatMap(({ alert_rule_test: found }) => found);
  for (const { alert, labels, annotations } of alertRules()) {
    const own = cases.filter(({ alertname }) => alertname === alert);
    expect([alert, own.some(({ exp_alerts: fired }) => fired !== undefined)]).toEqual([alert, true]);
    expect([alert, own.some(({ exp_alerts: fired }) => fired === undefined)]).toEqual([alert, true]);
    expect(labels.severity).toMatch(/^(?:warning|critical)$/);
    expect(Object.keys(annotations)).toEqual(['summary', 'description']);
  }
});

test.skipIf(!hasPromtool)(`Prometheus can evaluate each expression of the dashboard${needs}`, async () => {
  const rules = dashboardExpressions().map((expr, index) => ({ record: `panel:${index}`, expr }));
  const file = path.join(await temporaryFolder(), 'panels.yaml');
  writeFileSync(file, stringify({ groups: [{ name: 'panels', rules }] }));
  expect(promtool(['check', 'rules', file])).toContain(`${rules.length} rules found`);
});

test('the dashboard can be imported into any Grafana: its data source is a variable, and its panels do not overlap', () => {
  const { uid, title, id, schemaVersion, templating, panels } = dashboard();
  expect([uid, title, id]).toEqual(['belfry', 'Belfry', null]);
  expect(schemaVersion).toBeGreaterThanOrEqual(36);
  expect(templating.list.map(({ name, type }) => [name, type])).toEqual([
    ['datasource', 'datasource'],
    ['job', 'query'],
    ['instance', 'query'],
  ]);
  expect(templating.list[0]!.query).toBe('prometheus');
  expect(new Set(panels.map((panel) => panel.id)).size).toBe(panels.length);
  const cells = new Set<string>();
  for (const panel of panels) {
    const { x, y, w, h } = panel.gridPos;
    expect(x + w).toBeLessThanOrEqual(24);
    for (let column = x; column < x + w; column += 1) {
      for (let line = y; line < y + h; line += 1) {
        expect([panel.title, cells.has(`${column},${line}`)]).toEqual([panel.title, false]);
        cells.add(`${column},${line}`);
      }
    }
    if (panel.type === 'row') continue;
    expect(['stat', 'timeseries', 'state-timeline']).toContain(panel.type);
    expect(panel.description).toMatch(/\.$/);
    expect(panel.datasource?.uid).toBe('${datasource}');
    expect(panel.targets!.length).toBeGreaterThan(0);
    const refs = panel.targets!.map(({ refId }) => refId);
    expect(new Set(refs).size).toBe(refs.length);
    for (const { expr, datasource } of panel.targets!) {
      expect(datasource).toEqual({ type: 'prometheus', uid: '${datasource}' });
      for (const { labels } of selectorsOf(expr)) expect(labels).toEqual(expect.arrayContaining(['job', 'instance']));
    }
  }
});
