import type { Context, Liquid } from 'liquidjs';
import { OPTIONAL, parseSimple, simplePaths, renderSimple } from './simple-template.ts';
import type { Rendered, TemplateVariables, Template } from '../ruleset.ts';
import { lazy, memoize } from '../../lib/memoize.ts';
import { onDemand } from '../../lib/on-demand.ts';
import { mendDateFilters } from './template-dates.ts';
import { boundedContains, boundSearches } from './template-search.ts';
import { findTemplateMistake } from './template-mistakes.ts';

const liquidjs = onDemand<typeof import('liquidjs')>('liquidjs');

export type CompiledTemplate =
  | { readonly ok: true; readonly template: Template }
  | { readonly ok: false; readonly message: string; readonly offset: number; readonly mend?: string };

export const MAX_SOURCE_LENGTH = 16 * 1024;
/** Characters and elements that one render may process: several times a body of `daemon.limits.body`. */
export const MAX_MEMORY = 4_000_000;
/** Texts, outputs and tags that one render may process, including loops. */
export const MAX_STEPS = 50_000;
/** Characters that `contains` searches in one step. */
const SEARCHED_PER_STEP = 1000;

/** Context of one render. The engine takes one escape function for all renders, and calls it with the context of the render at hand. */
interface RenderContext extends Context {
  escape(text: string): string;
  readonly steps: Steps;
}

const unescaped = (text: string): string => text;

/** The engine, which is loaded for the first template that is not simple. */
const liquid = lazy(makeEngine);

function makeEngine(): Liquid {
  const { defaultOperators } = liquidjs();
  const engine = new (liquidjs().Liquid)({
    // No file is read, whatever the tags below are replaced by.
    templates: {},
    ownPropertyOnly: true,
    strictFilters: true,
    strictVariables: true,
    lenientIf: true,
    memoryLimit: MAX_MEMORY,
    parseLimit: 100_000,
    operators: {
      ...defaultOperators,
      contains: boundedContains(defaultOperators.contains!, (context, characters) =>
        (context as RenderContext).steps.take(characters / SEARCHED_PER_STEP),
      ),
    },
    outputEscape(this: { readonly context: RenderContext }, value: unknown) {
      return this.context.escape(textOf(value));
    },
    // The language of the machine must not change a message.
    locale: 'en-US',
  });
  // Random filters are removed: the same event must give the same message, in the daemon and in a test.
  for (const name of ['sample', 'shuffle']) delete engine.filters[name];
  // There are no other templates, so that a tag that names one is an error when the rules are loaded.
  for (const name of ['include', 'render', 'layout', 'block']) delete engine.tags[name];
  mendDateFilters(engine);
  boundSearches(engine);
  return engine;
}

/** Compiles a Liquid template (https://liquidjs.com). `offset` counts characters. */
export const compileTemplate = memoize(compileAnew);

function compileAnew(source: string): CompiledTemplate {
  const compiled = attempt(source);
  if (compiled.ok || source.length > MAX_SOURCE_LENGTH) return compiled;
  const mistake = findTemplateMistake(source, Object.keys(liquid().filters), (mended) => attempt(mended).ok);
  return mistake === undefined ? compiled : { ok: false, ...mistake };
}

/** A value that a template or expression names, with its position. Variables that a template assigns do not count. */
export interface NamedPath {
  readonly path: readonly string[];
  /** Position in characters. */
  readonly offset: number;
}

/** Values that a template names, in their order; none if it does not compile. */
export const templatePaths = memoize((source): readonly NamedPath[] => {
  if (!/\{[{%]/.test(source)) return [];
  if (parseSimple(source) !== undefined) return simplePaths(source);
  try {
    const { globals } = liquid().parseAndAnalyzeSync(source, undefined, { partials: false });
    return Object.values(globals)
      .flat()
      .map(({ segments, location }) => ({
        path: segments.slice(0, scalarsOf(segments)).map(String),
        offset: offsetOf(source, location.row, location.col),
      }))
      .sort((a, b) => a.offset - b.offset);
  } catch {
    return [];
  }
});

/** Number of literal segments at the beginning of a path: `items[data.n].id` has one. */
function scalarsOf(segments: readonly unknown[]): number {
  const at = segments.findIndex((segment) => typeof segment !== 'string' && typeof segment !== 'number');
  return at < 0 ? segments.length : at;
}

function attempt(source: string): CompiledTemplate {
  if (!/\{[{%]/.test(source)) return { ok: true, template: { source, render: () => ({ text: source }) } };
  if (source.length > MAX_SOURCE_LENGTH)
    return { ok: false, message: `the template is longer than ${MAX_SOURCE_LENGTH} characters`, offset: 0 };
  try {
    const plain = parseSimple(source);
    // A simple template has no errors, and the engine is hardly ever needed for it.
    let parsed = plain === undefined ? liquid().parse(source) : undefined;
    return {
      ok: true,
      template: {
        source,
        render(variables, escape = unescaped) {
          const text = plain && renderSimple(plain, variables, escape);
          if (text !== undefined) return { text };
          return render((parsed ??= liquid().parse(source)), variables, escape);
        },
      },
    };
  } catch (error) {
    const { message, line, column } = whereOf(error as Error);
    return { ok: false, message, offset: offsetOf(source, line, column) };
  }
}

function render(
  parsed: ReturnType<Liquid['parse']>,
  variables: TemplateVariables,
  escape: (text: string) => string,
): Rendered {
  const steps = new Steps();
  const output = new Output();
  try {
    const context = contextOf({ ...OPTIONAL, ...variables.event, ...variables }, steps, escape);
    liquidjs().toValueSync(liquid().renderer.renderTemplates(parsed, context, output));
    return { text: output.buffer };
  } catch (error) {
    const { message } = whereOf(error as Error);
    return steps.areSpent ? { text: output.buffer, error: message, isBeginning: true } : { text: '', error: message };
  }
}

/** Collects the rendered text. */
class Output {
  buffer = '';

  write(value: unknown): void {
    this.buffer += Array.isArray(value) ? value.map(textOf).join('') : textOf(value);
  }
}

/** Limit of a render in steps. The engine's own limit is a time, and a message must not depend on how busy the machine is. */
class Steps {
  #count = 0;

  get areSpent(): boolean {
    return this.#count > MAX_STEPS;
  }

  take(count = 1): void {
    this.#count += count;
    if (this.areSpent) throw new Error(`it takes more than ${MAX_STEPS} steps to render`);
  }
}

function contextOf(variables: object, steps: Steps, escape: RenderContext['escape']): RenderContext {
  const engine = liquid();
  const context = new (liquidjs().Context)(variables, engine.options, { sync: true }, { liquid: engine });
  context.renderLimit.check = () => steps.take();
  return Object.assign(context, { escape, steps });
}

/** Text of a value: empty for a missing one, JSON for lists and maps. */
function textOf(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'object' && !(value instanceof Date)) return JSON.stringify(value);
  return String(value as string);
}

/** Message and position of an error such as `undefined variable: data.nope, line:2, col:4`. */
function whereOf(error: Error): { message: string; line: number; column: number } {
  const [first = ''] = error.message.split('\n');
  const [, line, column] = /, line:(\d+), col:(\d+)/.exec(first) ?? [];
  return { message: first.replace(/, line:\d+, col:\d+.*$/, ''), line: Number(line ?? 1), column: Number(column ?? 1) };
}

function offsetOf(text: string, line: number, column: number): number {
  const before = text.split('\n').slice(0, Math.max(0, line - 1));
  return before.reduce((sum, part) => sum + part.length + 1, 0) + Math.max(0, column - 1);
}
