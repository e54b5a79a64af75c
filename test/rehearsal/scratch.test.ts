import { expect, it } from 'vitest';
import { verdicts } from '../support/rehearsal.ts';
const rules = (cron: string) => `
sources: { s: { type: schedule, cron: "${cron}", timezone: Europe/Berlin } }
channels: { c: { type: log } }
rules: [{ name: r, on: s, message: { title: "{{ data.scheduled_at }}" }, notify: c }]
`;
const tests = `tests: [{ name: a, at: 2026-01-01T00:00:00Z, steps: [{ until: 2027-01-01T00:00:00Z, outcomes: { r: notified } }] }]`;
it.each(['0 * * * *', '* * * * *'])('year %s', async (cron) => {
  const t = performance.now();
  expect(await verdicts(rules(cron), tests)).toEqual([]);
  console.log(cron, performance.now() - t, process.memoryUsage().rss / 1e6);
}, 120000);
it('bad', async () => {
  for (const t of ['', '# nothing\n', 'tests: []', 'test: []', 'tests: [{name: a}]', 'tests: [{name: a, steps: []}]',
   'tests: [{name: a, at: nonsense, steps: [{after: -5m}, {until: 2020-01-01T00:00:00Z}, {until: "2026-02-30"}]}]',
   'tests: [{name: a, steps: [{event: {type: x}, outcomes: {q: notified, r: notifid}, expect: [{channel: d, titel: x, body: {contians: y}, title: {regex: "("}}]}]}]',
   'tests: [{name: a, answers: {d: ok, c: [okk]}, steps: [{event: {type: x, source: t}}, {event: {data: {}}}, {events: []}, {}, {event: {type: x}, ack: y}, {evnt: {type: x}}]}]',
   'tests: [{name: a, steps: [{event: {source: s, time: noon}}]}]',
   'tests: [{name: a, steps: [{event: {source: s, data: {b: 1}}, outcomes: {r: [notified, x]}}, {event: {type: a}, expect: [{fields.x: 1}, {channel: c, to: a}, {tags: {contains: x}}, "a"]}]}]',
   'tests:\n - name: a\n   steps:\n    - event: {type: *x}',
  ]) console.log(t + '\n' + await verdicts(rules('0 * * * *'), t).then((l) => l.join('\n'), (e) => String(e)));
});
