import { expect, test } from 'vitest';
import { parseDuration } from '../../../daemon/lib/time/duration.ts';
import { CoreRunner, type CoreRunnerOptions } from '../../support/core-runner.ts';

/**
 * A story in lines of `TIME ACTION: OUTCOME > SENT, SENT`; only TIME is required. TIME is a duration since the beginning (`10m`)
 * or an instant. An ACTION is `down` or `up` (an event; `down a host=w1` has the key `a` and further data), `ack`, `restart`,
 * `sleep` (nothing runs from the line before until now), `edit` (a reload with the next of `edits`) or `start` (a restart with it).
 * OUTCOME is that of the rule `r` for an event, the number of alerts of an `ack`, or the notes of an `edit`. SENT is
 * `CHANNEL BODY` of each message that was sent since the line before; there may be no others.
 */
export type Story = readonly string[];

const LINE =
  /^(?<time>\d{4}-\S+Z|[^\s:]+)(?: (?<action>[a-z][^:>]*?))?(?:: ?(?<outcome>[^>]+?))?(?: ?> ?(?<sent>.*))?$/;

/** Text of a rule. `rule` has its settings besides the name, `match: {data.state: down}`, the key and `notify: ops`. */
export function ruleText(rule: string, name = 'r'): string {
  let top = rule;
  while (/[{[][^{}[\]]*[\]}]/.test(top)) top = top.replace(/[{[][^{}[\]]*[\]}]/g, '');
  const has = (field: string): boolean => new RegExp(`(^|,)\\s*${field}:`).test(top);
  const parts = [
    `name: ${name}`,
    ...(has('match') ? [] : ['match: { data.state: down }']),
    ...(has('key') ? [] : ['key: "{{ data.k }}"']),
    ...(has('message') ? [] : ['message: { title: T, body: "{{ status }}" }']),
    ...(has('notify') ? [] : ['notify: ops']),
    ...(rule === '' ? [] : [rule]),
  ];
  return `  - { ${parts.join(', ')} }\n`;
}

export interface Case extends CoreRunnerOptions {
  readonly edits?: readonly string[];
  /** Sections beside `rules:`. */
  readonly beside?: string;
  /** Further rules. */
  readonly others?: string;
}

export function story(name: string, rule: string, lines: Story, more: Case = {}): void {
  test(name, () => {
    const { edits = [], beside = '', others = '', ...options } = more;
    const textOf = (own: string): string => `${beside}rules:\n${ruleText(own)}${others}`;
    const runner = new CoreRunner(textOf(rule), options);
    const begin = runner.now;
    const later = [...edits];
    for (const line of lines) {
      const { time, action, outcome, sent } = LINE.exec(line)!.groups!;
      const at = momentOf(time!, begin);
      const made = act(runner, at, action ?? '', () => textOf(later.shift()!));
      if (outcome !== undefined) expect([line, made]).toEqual([line, outcome.trim()]);
      const wanted = sent === undefined || sent === '' ? [] : sent.split(',').map((part) => part.trim());
      expect([line, ...runner.heard().map((text) => text.replace(': ', ' ').trim())].sort()).toEqual(
        [line, ...wanted].sort(),
      );
    }
  });
}

function momentOf(time: string, begin: number): number {
  const offset = parseDuration(time);
  const at = offset === undefined ? Date.parse(time) : begin + offset;
  if (Number.isNaN(at)) throw new Error(`no time: ${time}`);
  return at;
}

/** Returns the outcome of an event for the rule `r`, the number of alerts of an `ack`, or the notes of an edit. */
function act(runner: CoreRunner, at: number, action: string, next: () => string): string {
  const [verb = '', ...rest] = action.split(' ').filter((word) => word !== '');
  if (verb === 'sleep') {
    runner.sleep(at - runner.now);
    return '';
  }
  runner.until(at);
  if (verb === '') return '';
  if (verb === 'restart') {
    runner.restart();
    return '';
  }
  if (verb === 'edit') {
    const notes = runner.edit(next());
    runner.wait(0);
    return notes.join('; ');
  }
  if (verb === 'start') {
    runner.startWith(next());
    runner.wait(0);
    return '';
  }
  if (verb === 'ack') return String(runner.acknowledge(rest[0] ?? 'a'));
  const pairs = rest.filter((word) => word.includes('=')).map((word) => word.split('=') as [string, string]);
  const k = rest.find((word) => !word.includes('=')) ?? 'a';
  const outcomes = runner.take({ k, state: verb, ...Object.fromEntries(pairs) });
  return outcomes['r'] ?? 'no_match';
}
