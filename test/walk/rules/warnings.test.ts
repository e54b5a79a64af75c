import { afterEach, beforeEach, expect, test } from 'vitest';
import { Home } from '../../support/daemon.ts';

let home: Home;

beforeEach(async () => {
  home = await Home.make();
});

afterEach(() => home.close());

const rules = (condition: string): string =>
  `channels:\n  ops: { type: log }\nrules:\n  - { name: a, notify: ops, if: ${condition} }\n`;

interface Answer {
  readonly ok: boolean;
  readonly valid: boolean;
  readonly generation: number;
  readonly problems: readonly { readonly level: string; readonly code: string; readonly mend: string }[];
}

test('warnings stop neither a start nor a reload, and are shown with problems', async () => {
  await home.rules(rules('dta.x > 1'), 'rules.yaml', '  reload: { watch: false }\n');
  await home.start();
  const warning = { level: 'warning', code: 'rule.unknown_name', mend: 'did you mean `data`?' };
  expect(await home.logged(({ code }) => code === 'rule.unknown_name')).toMatchObject({ level: 'warn' });
  expect((await home.call<Answer>('POST', '/v1/check', {})).body).toMatchObject({ valid: true, problems: [warning] });
  const status = await home.call<{ files: { state: string; problems: unknown[] }[] }>('GET', '/v1/status');
  expect(status.body.files).toMatchObject([{ state: 'ok', problems: [warning] }]);

  await home.rules(rules('evnt.type == "x"'), 'rules.yaml', '  reload: { watch: false }\n');
  const reload = await home.call<Answer>('POST', '/v1/reload');
  expect(reload.body).toMatchObject({
    ok: true,
    generation: 2,
    problems: [{ ...warning, mend: 'did you mean `event`?' }],
  });

  await home.rules(rules('data.x > 1'), 'rules.yaml', '  reload: { watch: false }\n');
  expect((await home.call<Answer>('POST', '/v1/reload')).body).toMatchObject({ ok: true, generation: 3, problems: [] });
  const after = await home.call<{ files: { problems: unknown[] }[] }>('GET', '/v1/status');
  expect(after.body.files).toMatchObject([{ problems: [] }]);
});

test('an error of a reload has its level, too', async () => {
  await home.rules(rules('data.x > 1'), 'rules.yaml', '  reload: { watch: false }\n');
  await home.start();
  await home.rules(rules('data.x and data.y'), 'rules.yaml', '  reload: { watch: false }\n');
  const { body } = await home.call<Answer>('POST', '/v1/reload');
  expect(body).toMatchObject({ ok: false, generation: 1 });
  expect(body.problems).toMatchObject([
    { level: 'error', code: 'value.condition', mend: expect.stringContaining('`&&`') },
  ]);
});
