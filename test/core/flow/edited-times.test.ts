import { describe } from 'vitest';
import { type Case, story, type Story } from './script.ts';

const ENDS = 'resolve: { match: { data.state: up } }';
/** Does not say how many were dropped. */
const QUIETLY = 'message: { title: T, body: "{% if suppressed %}{% endif %}{{ status }}" }';
const COUNT = 'message: { title: T, body: "{{ count }}" }';
/** 2026-11-23 09:00 UTC is where a story begins. */
const hours = (from: string): string => `hours: { shift: { from: "${from}", to: "24:00", timezone: UTC } }\n`;

interface Edit {
  readonly step: string;
  readonly short: string;
  readonly long: string;
  /** Up to the edit by the one, and after it by the other. */
  readonly begin: Story;
  readonly lengthened: Story;
  readonly shortened: Story;
}

/** The edit is made at 10 s, the short time is 20 s and the long one 60 s. */
const EDITS: readonly Edit[] = [
  {
    step: 'for',
    short: 'for: 20s',
    long: 'for: 60s',
    begin: ['0s down: waiting'],
    lengthened: ['59s', '60s > ops firing'],
    shortened: ['19s', '20s > ops firing', '2m'],
  },
  {
    step: 'for.max_gap',
    short: 'for: { time: 90s, max_gap: 20s }',
    long: 'for: { time: 90s, max_gap: 60s }',
    begin: ['0s down: waiting'],
    lengthened: ['59s down: waiting', '90s > ops firing'],
    shortened: ['19s', '59s down: waiting', '90s', '3m'],
  },
  {
    step: 'threshold.within',
    short: 'threshold: { count: 3, within: 20s }',
    long: 'threshold: { count: 3, within: 60s }',
    begin: ['0s down: counting', '5s down: counting'],
    lengthened: ['59s down: notified > ops firing'],
    shortened: ['24s down: counting', '26s down: counting'],
  },
  {
    step: 'dedupe',
    short: `dedupe: 20s, ${QUIETLY}`,
    long: `dedupe: 60s, ${QUIETLY}`,
    begin: ['0s down: notified > ops firing'],
    lengthened: ['59s down: deduplicated', '60s down: notified > ops firing'],
    shortened: ['19s down: deduplicated', '20s down: notified > ops firing'],
  },
  {
    step: 'throttle.per',
    short: `throttle: { max: 2, per: 20s }, ${QUIETLY}`,
    long: `throttle: { max: 2, per: 60s }, ${QUIETLY}`,
    begin: ['0s down: notified > ops firing', '5s down: notified > ops firing'],
    lengthened: ['59s down: throttled', '60s down: notified > ops firing', '64s down: throttled'],
    shortened: ['19s down: throttled', '20s down: notified > ops firing', '24s down: throttled'],
  },
  {
    step: 'digest.wait',
    short: `digest: { wait: 20s }, ${COUNT}`,
    long: `digest: { wait: 60s }, ${COUNT}`,
    begin: ['0s down: collected'],
    lengthened: ['59s', '60s > ops 1'],
    shortened: ['19s', '20s > ops 1', '2m'],
  },
  {
    step: 'digest.every',
    short: `digest: { wait: 1s, every: 20s }, ${COUNT}`,
    long: `digest: { wait: 1s, every: 60s }, ${COUNT}`,
    begin: ['0s down: collected', '1s > ops 1'],
    lengthened: ['59s down: collected', '61s > ops 1'],
    shortened: ['19s down: collected', '21s > ops 1'],
  },
  {
    step: 'repeat',
    short: `repeat: 20s, ${ENDS}`,
    long: `repeat: 60s, ${ENDS}`,
    begin: ['0s down: notified > ops firing'],
    lengthened: ['59s', '60s > ops firing'],
    shortened: ['19s', '20s > ops firing'],
  },
  {
    step: 'resolve.after',
    short: 'resolve: { after: 20s }, notify_resolved: true',
    long: 'resolve: { after: 60s }, notify_resolved: true',
    begin: ['0s down: notified > ops firing'],
    lengthened: ['59s', '60s > ops resolved'],
    shortened: ['19s', '20s > ops resolved'],
  },
  {
    step: 'resolve.after of what has held',
    short: 'for: 2s, threshold: { count: 2, within: 5m }, resolve: { after: 20s }',
    long: 'for: 2s, threshold: { count: 2, within: 5m }, resolve: { after: 60s }',
    begin: ['0s down: waiting', '2s'],
    lengthened: ['59s down: notified > ops firing'],
    shortened: ['21s down: waiting'],
  },
  {
    step: 'escalate.after',
    short: `escalate: [{ after: 20s, notify: boss }], ${ENDS}`,
    long: `escalate: [{ after: 60s, notify: boss }], ${ENDS}`,
    begin: ['0s down: notified > ops firing'],
    lengthened: ['59s', '60s > boss firing'],
    shortened: ['19s', '20s > boss firing'],
  },
  {
    step: 'notify.delay',
    short: 'notify: [{ channel: ops, delay: 20s }]',
    long: 'notify: [{ channel: ops, delay: 60s }]',
    begin: ['0s down: notified'],
    lengthened: ['59s', '60s > ops firing'],
    shortened: ['19s', '20s > ops firing', '2m'],
  },
];

/** The same by a reload, by a restart, and by a restart after which the short time is over already. */
function bothDirections(name: string, before: string, after: string, lines: Story, more: Case = {}): void {
  for (const way of ['edit', 'start']) {
    const edited = lines.map((line) => line.replace('EDIT', way));
    story(`${name} by a ${way === 'edit' ? 'reload' : 'restart'}`, before, edited, { ...more, edits: [after] });
  }
}

describe('an edited time acts at once, counted from when it began:', () => {
  for (const { step, short, long, begin, lengthened, shortened } of EDITS) {
    bothDirections(`${step} lengthened`, short, long, [...begin, '10s EDIT', ...lengthened]);
    bothDirections(`${step} shortened`, long, short, [...begin, '10s EDIT', ...shortened]);
    story(
      `${step} lengthened, but not before its old end`,
      short,
      [...begin, '10s restart', '15s start', ...lengthened],
      {
        edits: [long],
      },
    );
  }

  bothDirections(
    'the hours that hold',
    'during: shift, outside: hold',
    'during: shift, outside: hold',
    ['0s down: held', '10s EDIT', '3h > ops firing'],
    { beside: hours('12:00') },
  );

  const targets = (...delays: string[]): string =>
    `notify: [${delays.map((delay) => `{ channel: ops, delay: ${delay} }`).join(', ')}], ${ENDS}, notify_resolved: true`;
  story(
    'a shortened delay has notified of the alert',
    targets('60s'),
    ['0s down: notified', '10s edit', '20s > ops firing', '30s up: resolved > ops resolved'],
    { edits: [targets('20s')] },
  );
  story(
    'a lengthened delay has not notified of it yet',
    targets('20s'),
    ['0s down: notified', '10s edit', '30s up: resolved', '2m'],
    { edits: [targets('60s')] },
  );
  story(
    'a delayed target beside one that is notified at once',
    targets('0s', '20s'),
    ['0s down: notified > ops firing', '10s edit', '59s', '60s > ops firing'],
    { edits: [targets('0s', '60s')] },
  );
  story(
    'delays stay if several targets are possible',
    targets('20s'),
    ['0s down: notified', '10s edit', '20s > ops firing', '2m'],
    { edits: [targets('40s', '60s')] },
  );
  story(
    'a window that ended while nothing ran, lengthened by a restart',
    `dedupe: 20s, ${QUIETLY}`,
    ['0s down: notified > ops firing', '30s start', '59s down: deduplicated', '60s down: notified > ops firing'],
    { edits: [`dedupe: 60s, ${QUIETLY}`] },
  );
  story(
    'a window that ended before the reload stays ended',
    'dedupe: 20s',
    ['0s down: notified > ops firing', '30s edit: ', '31s down: notified > ops firing', '61s down: deduplicated'],
    { edits: ['dedupe: 60s'] },
  );
  story(
    'a collection that has reached the new `max` goes out',
    `digest: { wait: 60s, max: 5 }, ${COUNT}`,
    ['0s down: collected', '1s down: collected', '10s edit > ops 2', '2m'],
    { edits: [`digest: { wait: 60s, max: 2 }, ${COUNT}`] },
  );
  story(
    'the log says which windows are longer',
    'dedupe: 20s',
    [
      '0s down a: notified > ops firing',
      '1s down b: notified > ops firing',
      '10s edit: r: 2 in `dedupe` go on by the new times',
    ],
    { edits: ['dedupe: 60s'] },
  );
});
