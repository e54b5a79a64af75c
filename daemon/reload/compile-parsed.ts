import { compileSteps, type Fragment } from '../core/compile/compile.ts';
import type { Position, RuleDocument } from '../core/compile/context.ts';
import { isObject } from '../core/values/json.ts';
import type { Problem } from '../core/problems/failure.ts';
import type { CompileTools } from '../core/compile/registry.ts';
import { type FoundRange, type Lines, locate } from './text/locate.ts';
import type { ParsedText } from './yaml/parse-file.ts';
import { type Lookup, type ReferenceIssue, replaceReferences } from './references.ts';
import { PlaceholderSecrets } from './placeholder-secrets.ts';
import { inTimeSlices } from './yaml/time-slice.ts';

/** A parsed file and the values of its references. */
export interface ParsedSource {
  readonly file: string;
  readonly text: string;
  readonly lines: Lines;
  readonly parsed: Extract<ParsedText, { readonly ok: true }>;
  readonly found: ReadonlyMap<string, Lookup>;
  readonly absolute: NonNullable<RuleDocument['absolute']>;
}

export interface ParsedCompilation {
  readonly tools: CompileTools;
  readonly withoutSecrets?: boolean;
}

/**
 * Compiles a file with its references replaced. A reference that cannot be resolved is replaced by a placeholder, so that everything
 * else is checked; of a setting with such a reference only the reference is reported.
 */
export async function compileParsed(
  source: ParsedSource,
  { tools, withoutSecrets = false }: ParsedCompilation,
  before: Fragment | undefined,
): Promise<Fragment> {
  const placeholders = new PlaceholderSecrets();
  for (let last = before; ; ) {
    const { document, issues } = documentOf(source, placeholders);
    await tools.loader?.load(channelTypesIn(document.data));
    const compiled: Fragment = await inTimeSlices(compileSteps(document, tools, last));
    if (placeholders.change(compiled.rejected)) {
      last = compiled;
      continue;
    }
    const reported = issues.filter(({ known, pointer }) => !withoutSecrets || !known || compiled.rejected.has(pointer));
    const unresolved = unresolvedProblems(document, reported);
    return { ...compiled, problems: [...compiled.problems, ...unresolved].sort(byPosition) };
  }
}

/** Channel types that a file names. */
function channelTypesIn(data: unknown): string[] {
  const channels = isObject(data) && isObject(data.channels) ? Object.values(data.channels) : [];
  return channels.flatMap((entry) => (isObject(entry) && typeof entry.type === 'string' ? [entry.type] : []));
}

interface Resolution {
  readonly document: RuleDocument;
  readonly issues: readonly ReferenceIssue[];
}

function documentOf(
  { file, text, lines, parsed, found, absolute }: ParsedSource,
  placeholders: PlaceholderSecrets,
): Resolution {
  const { data, referenced, issues } = replaceReferences(parsed.data, found, (missing) =>
    placeholders.textFor(missing),
  );
  const unresolved = new Set(issues.map(({ pointer }) => pointer));
  const document: RuleDocument = {
    file,
    data,
    referenced: (pointer) => referenced.has(pointer),
    unresolved: (pointer) => unresolved.has(pointer),
    locate: (pointer, at, offset) => locate(text, lines, parsed.rangeOf(pointer), at, offset),
    absolute,
    ...(MISLEADING.test(text) && { written: (pointer: string) => writtenAt(text, parsed.rangeOf(pointer)) }),
  };
  return { document, issues };
}

/** Matches texts that may contain a number that prints differently, or a word that YAML 1.1 reads as true or false. May match too much: it only saves work. */
const MISLEADING =
  /(?:[:?-]\s|["']:|[[{,])\s*(?:[+-]?(?:0\d|\d+\.\d*0(?!\d)|\d+_\d|[\d.]+e[+-]?\d|\.\d)|[+]\d|(?:yes|no|on|off|y|n)\s*(?:$|[,\]}#]))/im;

function writtenAt(text: string, { range, exact }: FoundRange): string | undefined {
  return exact ? text.slice(range.start, range.end) : undefined;
}

/** One problem for each reference, at its first position. */
function unresolvedProblems(document: RuleDocument, issues: readonly ReferenceIssue[]): Problem[] {
  const byReference = new Map<string, { readonly issue: ReferenceIssue; readonly positions: Position[] }>();
  for (const issue of issues) {
    const { body, message, pointer, offset } = issue;
    const reference = `${message} ${body}`;
    const same = byReference.get(reference) ?? { issue, positions: [] };
    same.positions.push(document.locate(pointer, 'value', offset));
    byReference.set(reference, same);
  }
  return [...byReference.values()].map(({ issue: { code, message, mend }, positions }) => {
    const [first, ...others] = positions.sort(byPosition) as [Position, ...Position[]];
    const lines = [...new Set(others.map(({ line }) => line))].filter((line) => line !== first.line);
    return { file: document.file, ...first, code, message: message + alsoOn(lines), mend };
  });
}

const MAX_LINES_NAMED = 5;

function alsoOn(lines: readonly number[]): string {
  if (lines.length === 0) return '';
  const named = lines.slice(0, MAX_LINES_NAMED).join(', ');
  const rest = lines.length > MAX_LINES_NAMED ? `, and ${lines.length - MAX_LINES_NAMED} more` : '';
  return ` (also on line${lines.length === 1 ? '' : 's'} ${named}${rest})`;
}

function byPosition(a: Position, b: Position): number {
  return a.line - b.line || a.column - b.column;
}
