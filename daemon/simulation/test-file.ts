import { RULE_OUTCOMES } from '../core/flow/decision.ts';
import { Draft } from '../core/compile/context.ts';
import { API_SOURCE, type EventInput, OWN_SOURCE } from '../core/event/event.ts';
import type { Problem } from '../core/problems/failure.ts';
import { isObject } from '../core/values/json.ts';
import { below } from '../core/values/pointer.ts';
import { readPostedSilence } from '../core/alerts/silence-request.ts';
import type { Excerpt } from '../core/problems/problem-text.ts';
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
import { Lines, locate, spotOf } from '../reload/locate.ts';
import { readYaml } from '../reload/yaml/read-yaml.ts';
import { isComplete, momentOf, offsetOf } from './offset.ts';
import { compileRegex } from './regex.ts';

export interface Place {
  readonly line: number;
  readonly column: number;
}

/** One thing that happens, and what is looked at afterwards. Times are milliseconds since the epoch. */
export interface Step {
  readonly place: Place;
  /** After the step before, or at a moment. */
  readonly when: { readonly after: number } | { readonly at: number };
  readonly events: readonly EventInput[];
  readonly ack?: string;
  /** As it is stored. */
  readonly silence?: { readonly given: Readonly<Record<string, unknown>>; readonly until?: number };
  readonly expect?: { readonly place: Place; readonly entries: readonly WantedMessage[] };
  readonly outcomes?: readonly WantedOutcome[];
}

export interface WantedMessage {
  readonly wanted: Expectation;
  readonly place: Place;
}

export interface WantedOutcome {
  readonly rule: string;
  /** One for all events of the step, or one for each. */
  readonly wanted: readonly string[];
  readonly place: Place;
}

export interface Story {
  readonly name: string;
  readonly place: Place;
  readonly at: number;
  readonly answers: Readonly<Record<string, readonly Answer[]>>;
  readonly steps: readonly Step[];
}

export interface TestFile {
  readonly file: string;
  readonly stories: readonly Story[];
  readonly problems: readonly Problem[];
  excerpt(problem: Problem): Excerpt | undefined;
}

/** When a test begins that does not say when. */
export const DEFAULT_START = Date.UTC(2026, 0, 1);

const OUTCOMES: readonly string[] = RULE_OUTCOMES;

export interface TestFileParts {
  readonly ruleset: Ruleset;
  readonly sourceTypes: readonly SourceTypeInfo[];
}

/** Reads a test file against the rules that it is about; every problem with its place. */
export function readTestFile(file: string, text: string, parts: TestFileParts): TestFile {
  const lines = new Lines(text);
  const excerpt = ({ line, column }: Problem): Excerpt | undefined => {
    const shown = lines.line(line);
    return shown === undefined ? undefined : { text: shown, column };
  };
  const parsed = readYaml(text);
  if (!parsed.ok) {
    const problems = parsed.issues.map(({ offset, ...issue }) => ({ file, ...lines.position(offset), ...issue }));
    return { file, stories: [], problems, excerpt };
  }
  const draft = new Draft({
    file,
    data: parsed.data,
    referenced: () => false,
    locate: (pointer, at, offset) => locate(text, lines, spotOf(parsed.spots, pointer), at, offset),
  });
  const settings = draft.settings(testFileSchema, parsed.data, '', 'a test file');
  const reading = new Reading(draft, parts);
  const stories = settings?.tests.map((test, index) => reading.story(test, below('/tests', index))) ?? [];
  return { file, stories: draft.count > 0 ? [] : stories, problems: draft.problems, excerpt };
}

/** Makes stories of what the schema has let through, and finds what it cannot know. */
class Reading {
  readonly #draft: Draft;
  readonly #parts: TestFileParts;
  /** Of times that do not say: that of the test's beginning, milliseconds. */
  #offset = 0;

  constructor(draft: Draft, parts: TestFileParts) {
    this.#draft = draft;
    this.#parts = parts;
  }

  story({ name, at, answers = {}, steps }: TestSettings, pointer: string): Story {
    this.#offset = offsetOf(at ?? '');
    const start = (at === undefined ? undefined : this.#moment(at, below(pointer, 'at'))) ?? DEFAULT_START;
    for (const channel of Object.keys(answers)) this.#channel(channel, below(pointer, 'answers', channel), 'key');
    let clock = start;
    const read = steps.map((step, index) => {
      const made = this.#step(step, below(pointer, 'steps', index), clock);
      clock = 'at' in made.when ? made.when.at : clock + made.when.after;
      return made;
    });
    return { name, place: this.#place(pointer), at: start, answers: lists(answers), steps: read };
  }

  #step(step: StepSettings, pointer: string, clock: number): Step {
    const { after = 0, until, event, events, ack, silence, expect, outcomes } = step;
    this.#consistent(step, pointer);
    const at = until === undefined ? undefined : this.#moment(until, below(pointer, 'until'));
    if (at !== undefined && at < clock)
      this.#found(below(pointer, 'until'), 'this is before the step before it', 'time in a test only goes forward');
    const all = [
      ...(event === undefined ? [] : [this.#event(event, below(pointer, 'event'))]),
      ...(events ?? []).map((one, index) => this.#event(one, below(pointer, 'events', index))),
    ];
    const now = at ?? clock + after;
    return {
      place: this.#place(pointer),
      when: at === undefined ? { after } : { at },
      events: all,
      ...(ack !== undefined && { ack }),
      ...(silence !== undefined && this.#silence(silence, below(pointer, 'silence'), now)),
      ...(expect !== undefined && {
        expect: {
          place: this.#draft.document.locate(below(pointer, 'expect'), 'key'),
          entries: expect.map((wanted, index) => this.#expectation(wanted, below(pointer, 'expect', index))),
        },
      }),
      ...(outcomes !== undefined && {
        outcomes: Object.entries(outcomes).map(([rule, outcome]) =>
          this.#outcome(rule, [outcome].flat(), all.length, below(pointer, 'outcomes', rule)),
        ),
      }),
    };
  }

  #consistent({ after, until, event, events, ack, silence }: StepSettings, pointer: string): void {
    if (after !== undefined && until !== undefined)
      this.#found(below(pointer, 'until'), '`after` and `until` both say when', 'give one of them');
    const given = Object.entries({ event, events, ack, silence }).flatMap(([name, value]) =>
      value === undefined ? [] : [name],
    );
    if (given.length > 1)
      this.#found(below(pointer, given[1]!), `\`${given.join('` and `')}\` stand in one step`, 'make two steps of it');
    if (given.length === 0 && after === undefined && until === undefined)
      this.#found(
        pointer,
        'nothing happens in this step',
        'give `event`, `events`, `ack`, `silence`, `after` or `until`',
      );
  }

  #event(settings: EventSettings, pointer: string): EventInput {
    const { sources } = this.#parts.ruleset;
    const { source = API_SOURCE, type, ...rest } = settings;
    const configured = sources.get(source);
    const meant = configured === undefined ? suggest(source, sources.keys()) : undefined;
    if (configured === undefined && source !== API_SOURCE && source !== OWN_SOURCE && meant !== undefined)
      this.#found(below(pointer, 'source'), `no source is called \`${source}\``, `did you mean \`${meant}\`?`);
    const own = this.#parts.sourceTypes.find((candidate) => candidate.type === configured?.type)?.events ?? [];
    const usual = own.length === 1 ? own[0] : undefined;
    if (type === undefined && usual === undefined) {
      const mend = own.length > 1 ? `one of: ${own.join(', ')}` : 'such as `type: backup.failed`';
      this.#found(pointer, 'the event has no `type`', `add one, ${mend}`);
    }
    const { time } = rest;
    const at = time === undefined ? undefined : this.#moment(time, below(pointer, 'time'));
    return {
      ...(rest as Omit<EventInput, 'type'>),
      source,
      type: type ?? usual ?? '',
      ...(at !== undefined && !isComplete(time!) && { time: new Date(at).toISOString() }),
    };
  }

  /** People must say why they want one, tests need not. */
  #silence(posted: Readonly<Record<string, unknown>>, pointer: string, now: number): Pick<Step, 'silence'> {
    const read = readPostedSilence({ reason: 'a test', ...posted }, pointer, now);
    if (!read.ok) {
      for (const { pointer: within, message, mend } of read.problems) this.#found(pointer + within, message, mend);
      return {};
    }
    const { until } = read.silence;
    return { silence: { given: read.given, ...(until !== undefined && { until }) } };
  }

  #expectation(wanted: Expectation, pointer: string): WantedMessage {
    if (wanted.channel !== undefined) this.#channel(wanted.channel, below(pointer, 'channel'), 'value');
    if (typeof wanted.rule === 'string') this.#rule(wanted.rule, below(pointer, 'rule'), 'value');
    this.#regexes(wanted, pointer);
    if (isObject(wanted.fields)) this.#regexes(wanted.fields, below(pointer, 'fields'));
    return { wanted, place: this.#place(pointer) };
  }

  #regexes(wanted: Readonly<Record<string, unknown>>, pointer: string): void {
    for (const [field, value] of Object.entries(wanted)) {
      if (!isObject(value) || typeof value.regex !== 'string') continue;
      const wrong = compileRegex(value.regex);
      if (wrong !== undefined)
        this.#found(below(pointer, field, 'regex'), wrong, 'RE2 has no look-ahead and no back-references');
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
    return { rule, wanted, place: this.#place(pointer) };
  }

  #rule(name: string, pointer: string, at: 'key' | 'value'): void {
    const { byName } = this.#parts.ruleset;
    if (byName.has(name)) return;
    this.#found(
      pointer,
      `there is no rule \`${name}\``,
      mendByName(name, byName.keys(), 'the rules here have none', 'there are'),
      at,
    );
  }

  #channel(name: string, pointer: string, at: 'key' | 'value'): void {
    const { channels } = this.#parts.ruleset;
    if (channels.has(name)) return;
    this.#found(
      pointer,
      `there is no channel \`${name}\``,
      mendByName(name, channels.keys(), 'the rules here have none', 'there are'),
      at,
    );
  }

  #moment(text: string, pointer: string): number | undefined {
    const at = momentOf(text, this.#offset);
    if (at === undefined)
      this.#found(pointer, 'this is not a date and time', 'write it as `2026-11-23T09:00:00+08:00`');
    return at;
  }

  #place(pointer: string): Place {
    return this.#draft.document.locate(pointer, 'value');
  }

  #found(pointer: string, message: string, mend: string, at: 'key' | 'value' = 'value'): void {
    this.#draft.found({ pointer, at, code: 'test.invalid', message, mend });
  }
}

function lists(answers: Readonly<Record<string, Answer | readonly Answer[]>>): Record<string, readonly Answer[]> {
  return Object.fromEntries(Object.entries(answers).map(([channel, list]) => [channel, [list].flat()]));
}
