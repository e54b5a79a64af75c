import { writeFile } from 'node:fs/promises';
import { expect, onTestFinished, test } from 'vitest';
import type { GenerationView, RulesView, RuleTestsView, WholeRuleView } from '../../../daemon/http/daemon-api.ts';
import { openFixture } from '../../support/daemon-fixture.ts';

test('rules are shown as loaded: place, text, last match, outcomes, tests, refused saves, and changes over a restart', async () => {
  const { home, receiver, channel, post } = await openFixture(onTestFinished);
  home.env.SITE = 'https://ann:hunter2@ci.example';
  const write = (dedupe: string, more = '') =>
    home.rules(`${channel}rules:
  # Deploys that failed.
  - name: deploys
    match: { type: deploy.failed, data.env: [prod, stage] }
    ${dedupe}
    message: { title: "{{ data.n }}", link: "\${env:SITE}/x" }
    notify: [ops]
  - { name: other, on: belfry, enabled: false, notify: [ops] }
${more}`);
  await write('dedupe: 10m');
  await writeFile(
    home.path('rules', 'rules.test.yaml'),
    `tests:
  - name: a failed deploy is sent
    steps: [{ event: { type: deploy.failed, data: { env: prod } }, expect: [{ rule: deploys }] }]
  - name: a wrong expectation
    steps: [{ event: { type: deploy.failed, data: { env: test } }, outcomes: { deploys: notified } }]
`,
  );
  await home.start();
  await post({ type: 'deploy.failed', data: { env: 'prod', n: 1 } });
  await receiver.until(({ title }) => title === '1');
  await post({ type: 'deploy.failed', data: { env: 'prod', n: 2 } });

  const { body: page } = await home.call<RulesView>('GET', '/v1/rules');
  const file = home.path('rules', 'rules.yaml');
  expect(page).toMatchObject({ generation: 1, total: 2, next: null, problems: [] });
  expect(page.rules[0]).toMatchObject({
    name: 'deploys',
    file,
    line: 9,
    state: 'live',
    match: 'type: deploy.failed, data.env: [prod, stage]',
    channels: ['ops'],
    flow: { dedupe: '10m' },
    last_match: expect.stringMatching(/^20/),
    last_notified: expect.stringMatching(/^20/),
    waiting: 0,
    alerts: { firing: 0, acknowledged: 0 },
    text: expect.stringMatching(/^ {2}# Deploys that failed\.\n {2}- name: deploys\n/),
    text_line: 8,
  });
  const { body: bare } = await home.call<RulesView>('GET', '/v1/rules?text=false');
  expect(bare.rules[0]).not.toHaveProperty('text');
  const hours = page.rules[0]!.outcomes;
  expect(hours.every(({ at }) => at.endsWith(':00:00.000Z'))).toBe(true);
  const counted = Object.fromEntries(hours.flatMap(({ counts }) => Object.entries(counts)));
  expect(counted).toEqual({ deduplicated: 1, notified: 1 });
  expect(page.rules[1]).toMatchObject({ name: 'other', state: 'disabled', on: ['belfry'] });
  expect(page).not.toHaveProperty('tests');

  const { body: tested } = await home.call<RuleTestsView>('POST', '/v1/rules/test');
  expect(tested).toMatchObject({ generation: 1, tests: 2, passed: 1, failed: 1, problems: [] });
  const { body: rule } = await home.call<WholeRuleView>('GET', '/v1/rules/deploys');
  expect(rule).toMatchObject({ generation: 1, text_line: 8, tests: { passed: 1, failed: 1 } });
  expect(rule.text).toMatch(/^ {2}# Deploys that failed\.\n {2}- name: deploys\n[^]*notify: \[ops\]\n$/);
  expect(rule.test_results?.[1]).toMatchObject({ name: 'a wrong expectation', ok: false, rules: ['deploys'] });
  expect((await home.call('GET', '/v1/rules/nothing')).status).toBe(404);

  await write('dedup: 5m');
  await home.logged(({ msg }) => msg.startsWith('reload: rejected'));
  const { body: broken } = await home.call<RulesView>('GET', '/v1/rules');
  expect(broken.rules[0]).toMatchObject({ state: 'kept' });
  expect(broken.problems).toMatchObject([{ file, line: 11, excerpt: { text: '    dedup: 5m', column: 5 } }]);
  await write('dedupe: 5m', '  - { name: third, notify: [ops] }\n');
  await home.logged(({ msg }) => msg === 'reload: applied');
  expect(await home.stop()).toBe(0);
  await write('dedupe: 5m');
  await home.start();
  const { body: after } = await home.call<{ generations: GenerationView[] }>('GET', '/v1/generations');
  const shown = after.generations.map(({ generation, by, result, changed }) => [generation, by, result, ...changed]);
  expect(shown).toEqual([
    [3, 'start', 'applied'],
    [2, 'watch', 'applied', 'rule deploys'],
    [1, 'watch', 'refused'],
    [1, 'start', 'applied'],
  ]);
  expect(after.generations[0]!.removed).toEqual(['rule third']);
  expect(after.generations[1]!.diff[0]!.text).toContain('-    dedupe: 10m\n+    dedupe: 5m\n');
  expect((await home.belfry(['rules', 'history', '--limit', '1'])).stdout).toContain(
    '-  - { name: third, notify: [ops] }',
  );
  expect((await home.belfry(['rules'])).stdout).toMatch(/^deploys +\S*rules\.yaml:9 +live +ops +20/m);
  expect((await home.belfry(['rules', 'deploys'])).stdout).toContain('9 |   - name: deploys\n');

  const from = home.lines.length;
  await home.stop();
  await home.start();
  await home.call('POST', '/v1/reload');
  const unchanged = home.lines.slice(from).filter(({ msg }) => msg === 'reload: nothing has changed');
  expect(unchanged).toHaveLength(1);
  expect((await home.call<RulesView>('GET', '/v1/rules')).body.generation).toBe(3);
  expect(JSON.stringify([page, rule, broken, after])).not.toContain('hunter2');
  expect(await home.stop()).toBe(0);
});
