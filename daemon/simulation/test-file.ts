import { RULE_OUTCOMES } from '../core/flow/outcomes.ts';
import { CompileContext, type Position } from '../core/compile/context.ts';
import { API_SOURCE, type EventInput, OWN_SOURCE } from '../core/event/event.ts';
import type { Problem } from '../core/problems/failure.ts';
import { RE2JS } from 're2js';
import { isObject } from '../core/values/json.ts';
import { joinPointer } from '../core/values/pointer.ts';
import { readSilenceRequest } from '../core/alerts/silence-request.ts';
import type { Excerpt } from '../core/problems/problem-text.ts';
import { readInstant } from '../core/time/due-times.ts';
import type { Ruleset } from '../core/ruleset.ts';
import {
  type Answer,
  type EventSettings,
  type Expectation,
  type StepSettings,
  testFileSchema,
  type TestSettings,
} from '../core/schema/sections/rule-tests.ts';
import { mendByName, suggest } from '../core/problems/suggest.ts';
import type { SourceTypeInfo } from '../core/compile/registry.ts';
import { Lines, locate, rangeOf } from '../reload/text/locate.ts';
import { readYaml } from '../reload/yaml/read-yaml.ts';
import type { Step, TestCase, WantedMessage, WantedOutcome } from './run-test-case.ts';

export interface TestFile {
  readonly file: string;
  readonly cases: readonly TestCase[];
  readonly problems: readonly Problem[];
  excerpt(problem: Problem): Excerpt | undefined;
}

/** Start of a test without `at`. */
const DEFAULT_START = Date.UTC(2026, 0, 1);

const OUTCOMES: readonly string[] = RULE_OUTCOMES;

export interface TestFileDeps {
  readonly ruleset: Ruleset;
  readonly sourceTypes: readonly SourceTypeInfo[];
}

/** Reads a test file and checks it against the rules; every problem has its position. */
export function readTestFile(file: string, text: string, deps: TestFileDeps): TestFile {
  const lines = new Lines(text);
  const excerpt = ({ line, column }: Problem): Excerpt | undefined => {
    const shown = lines.line(line);
    return shown === undefined ? undefined : { text: shown, column };
  };
  const parsed = readYaml(text);
  if (!parsed.ok) {
    const problems = parsed.issues.map(({ offset, ...issue }) => ({ file, ...lines.position(offset), ...issue }));
    return { file, cases: [], problems, excerpt };
  }
  const context = new CompileContext({
    file,
    data: parsed.data,
    referenced: () => false,
    locate: (pointer, at, offset) => locate(text, lines, rangeOf(parsed.ranges, pointer), at, offset),
  });
  const settings = context.settings(testFileSchema, parsed.data, '', 'a test file');
  const reader = new TestFileReader(context, deps);
  const cases = settings?.tests.map((test, index) => reader.testCase(test, joinPointer('/tests', index))) ?? [];
  return { file, cases: context.count > 0 ? [] : cases, problems: context.problems, excerpt };
}

/** Converts validated settings to test cases and checks what the schema cannot express. */
class TestFileReader {
  readonly #context: CompileContext;
  readonly #deps: TestFileDeps;
  /** UTC offset of `at` in milliseconds, for times without an offset. */
  #offset = 0;

  constructor(context: CompileContext, deps: TestFileDeps) {
    this.#context = context;
    this.#deps = deps;
  }

  testCase({ name, at, answers = {}, steps }: TestSettings, pointer: string): TestCase {
    this.#offset = offsetOf(at ?? '');
    const start = (at === undefined ? undefined : this.#time(at, joinPointer(pointer, 'at'))) ?? DEFAULT_START;
    for (const channel of Object.keys(answers)) this.#channel(channel, joinPointer(pointer, 'answers', channel), 'key');
    let clock = start;
    const read = steps.map((step, index) => {
      const one = this.#step(step, joinPointer(pointer, 'steps', index), clock);
      clock = 'at' in one.when ? one.when.at : clock + one.when.after;
      return one;
    });
    return { name, position: this.#positionOf(pointer), at: start, answers: lists(answers), steps: read };
  }

  #step(step: StepSettings, pointer: string, clock: number): Step {
    const { after = 0, until, event, events, ack, silence, expect, outcomes } = step;
    this.#consistent(step, pointer);
    const at = until === undefined ? undefined : this.#time(until, joinPointer(pointer, 'until'));
    if (at !== undefined && at < clock)
      this.#found(
        joinPointer(pointer, 'until'),
        'this is before the step before it',
        'time in a test only goes forward',
      );
    const all = [
      ...(event === undefined ? [] : [this.#event(event, joinPointer(pointer, 'event'))]),
      ...(events ?? []).map((one, index) => this.#event(one, joinPointer(pointer, 'events', index))),
    ];
    const now = at ?? clock + after;
    return {
      position: this.#positionOf(pointer),
      when: at === undefined ? { after } : { at },
      events: all,
      ...(ack !== undefined && { ack }),
      ...(silence !== undefined && this.#silence(silence, joinPointer(pointer, 'silence'), now)),
      ...(expect !== undefined && {
        expect: {
          position: this.#context.document.locate(joinPointer(pointer, 'expect'), 'key'),
          entries: expect.map((wanted, index) => this.#expectation(wanted, joinPointer(pointer, 'expect', index))),
        },
      }),
      ...(outcomes !== undefined && {
        outcomes: Object.entries(outcomes).map(([rule, outcome]) =>
          this.#outcome(rule, [outcome].flat(), all.length, joinPointer(pointer, 'outcomes', rule)),
        ),
      }),
    };
  }

  #consistent({ after, until, event, events, ack, silence }: StepSettings, pointer: string): void {
    if (after !== undefined && until !== undefined)
      this.#found(joinPointer(pointer, 'until'), '`after` and `until` both say when', 'give one of them');
    const given = Object.entries({ event, events, ack, silence }).flatMap(([name, value]) =>
      value === undefined ? [] : [name],
    );
    if (given.length > 1)
      this.#found(joinPointer(pointer, given[1]!), `one step has \`${given.join('` and `')}\``, 'make two steps of it');
    if (given.length === 0 && after === undefined && until === undefined)
      this.#found(
        pointer,
        'nothing happens in this step',
        'give `event`, `events`, `ack`, `silence`, `after` or `until`',
      );
  }

  #event(settings: EventSettings, pointer: string): EventInput {
    const { sources } = this.#deps.ruleset;
    const { source = API_SOURCE, type, ...rest } = settings;
    const configured = sources.get(source);
    const similar = configured === undefined ? suggest(source, sources.keys()) : undefined;
    if (configured === undefined && source !== API_SOURCE && source !== OWN_SOURCE && similar !== undefined)
      this.#found(joinPointer(pointer, 'source'), `no source is called \`${source}\``, `did you mean \`${similar}\`?`);
    const own = this.#deps.sourceTypes.find((candidate) => candidate.type === configured?.type)?.events ?? [];
    const only = own.length === 1 ? own[0] : undefined;
    if (type === undefined && only === undefined) {
      const mend = own.length > 1 ? `one of: ${own.join(', ')}` : 'such as `type: backup.failed`';
      this.#found(pointer, 'the event has no `type`', `add one, ${mend}`);
    }
    const { time } = rest;
    const at = time === undefined ? undefined : this.#time(time, joinPointer(pointer, 'time'));
    return {
      ...(rest as Omit<EventInput, 'type'>),
      source,
      type: type ?? only ?? '',
      ...(at !== undefined && !isComplete(time!) && { time: new Date(at).toISOString() }),
    };
  }

  /** A silence in a test needs no `reason`. */
  #silence(posted: Readonly<Record<string, unknown>>, pointer: string, now: number): Pick<Step, 'silence'> {
    const read = readSilenceRequest({ reason: 'a test', ...posted }, pointer, now);
    if (!read.ok) {
      for (const { pointer: within, message, mend } of read.problems) this.#found(pointer + within, message, mend);
      return {};
    }
    const { until } = read.silence;
    return { silence: { given: read.given, ...(until !== undefined && { until }) } };
  }

  #expectation(wanted: Expectation, pointer: string): WantedMessage {
    if (wanted.channel !== undefined) this.#channel(wanted.channel, joinPointer(pointer, 'channel'), 'value');
    if (typeof wanted.rule === 'string') this.#rule(wanted.rule, joinPointer(pointer, 'rule'), 'value');
    this.#regexes(wanted, pointer);
    if (isObject(wanted.fields)) this.#regexes(wanted.fields, joinPointer(pointer, 'fields'));
    return { wanted, position: this.#positionOf(pointer) };
  }

  #regexes(wanted: Readonly<Record<string, unknown>>, pointer: string): void {
    for (const [field, value] of Object.entries(wanted)) {
      if (!isObject(value) || typeof value.regex !== 'string') continue;
      const wrong = re2Error(value.regex);
      if (wrong !== undefined)
        this.#found(joinPointer(pointer, field, 'regex'), wrong, 'RE2 has no look-ahead and no back-references');
    }
  }

  #outcome(rule: string, wanted: readonly string[], events: number, pointer: string): WantedOutcome {
    this.#rule(rule, pointer, 'key');
    for (const outcome of wanted)
      if (!OUTCOMES.includes(outcome))
        this.#found(pointer, `\`${outcome}\` is not an outcome`, mendByName(outcome, OUTCOMES, '', 'there are'));
    const most = Math.max(1, events);
    if (wanted.length > 1 && wanted.length !== most)
      this.#found(
        pointer,
        `these are ${wanted.length} outcomes, and the step has ${events === 0 ? 'no' : events} event${events === 1 ? '' : 's'}`,
        'give one for all of them, or one for each',
      );
    return { rule, wanted, position: this.#positionOf(pointer) };
  }

  #rule(name: string, pointer: string, at: 'key' | 'value'): void {
    this.#checkName('rule', name, this.#deps.ruleset.byName, pointer, at);
  }

  #channel(name: string, pointer: string, at: 'key' | 'value'): void {
    this.#checkName('channel', name, this.#deps.ruleset.channels, pointer, at);
  }

  #checkName(
    kind: 'rule' | 'channel',
    name: string,
    known: ReadonlyMap<string, unknown>,
    pointer: string,
    at: 'key' | 'value',
  ): void {
    if (known.has(name)) return;
    const mend = mendByName(name, known.keys(), 'the rules here have none', 'there are');
    this.#found(pointer, `there is no ${kind} \`${name}\``, mend, at);
  }

  #time(text: string, pointer: string): number | undefined {
    const at = timeOf(text, this.#offset);
    if (at === undefined)
      this.#found(pointer, 'this is not a date and time', 'write it as `2026-11-23T09:00:00+08:00`');
    return at;
  }

  #positionOf(pointer: string): Position {
    return this.#context.document.locate(pointer, 'value');
  }

  #found(pointer: string, message: string, mend: string, at: 'key' | 'value' = 'value'): void {
    this.#context.found({ pointer, at, code: 'test.invalid', message, mend });
  }
}

function lists(answers: Readonly<Record<string, Answer | readonly Answer[]>>): Record<string, readonly Answer[]> {
  return Object.fromEntries(Object.entries(answers).map(([channel, list]) => [channel, [list].flat()]));
}

function re2Error(pattern: string): string | undefined {
  try {
    RE2JS.compile(pattern);
    return undefined;
  } catch (error) {
    return `this is not an RE2 expression: ${(error as Error).message}`;
  }
}

const OFFSET = /(?:[Zz]|([+-])(\d\d):(\d\d))$/;
const HOUR = 3_600_000;
const MINUTE = 60_000;

/** UTC offset of a written time in milliseconds; 0 when it has none. */
function offsetOf(text: string): number {
  const [, sign, hours, minutes] = OFFSET.exec(text) ?? [];
  if (sign === undefined) return 0;
  return (sign === '-' ? -1 : 1) * (Number(hours) * HOUR + Number(minutes) * MINUTE);
}

/** Parses RFC 3339, or the same without an offset, for which `offset` is used. Milliseconds since the epoch; undefined when invalid. */
function timeOf(text: string, offset: number): number | undefined {
  const read = readInstant(text, 'UTC');
  if (read === undefined || isComplete(text)) return read;
  return read - offset;
}

/** Whether a time has its own offset. A date alone (`2026-11-23`) ends like an offset, but has no time. */
function isComplete(text: string): boolean {
  return /[Tt ]/.test(text) && OFFSET.test(text);
}
