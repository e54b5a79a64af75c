import { compileSteps, type Fragment } from '../core/compile/compile.ts';
import type { Position, RuleDocument } from '../core/compile/context.ts';
import type { Problem } from '../core/problems/failure.ts';
import type { CompileTools } from '../core/compile/registry.ts';
import { type FoundSpot, type Lines, locate } from './locate.ts';
import type { ParsedText } from './yaml/parse-file.ts';
import { type Lookup, type ReferenceIssue, replaceReferences } from './references.ts';
import { StandIns } from './placeholder-secrets.ts';
import { inTurns } from './yaml/time-slice.ts';

/** A file that was parsed, and what its references stand for. */
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
 * Compiles a file with its references replaced. Stand-ins are tried for those that cannot be resolved, so that all else is
 * checked as if they could; what is told of such a place is the reference alone.
 */
export async function compileParsed(
  source: ParsedSource,
  { tools, withoutSecrets = false }: ParsedCompilation,
  before: Fragment | undefined,
): Promise<Fragment> {
  const standIns = new StandIns();
  for (let last = before; ; ) {
    const { document, issues } = documentOf(source, standIns);
    const compiled: Fragment = await inTurns(compileSteps(document, tools, last));
    if (standIns.change(compiled.rejected)) {
      last = compiled;
      continue;
    }
    const told = issues.filter(({ known, pointer }) => !withoutSecrets || !known || compiled.rejected.has(pointer));
    const unresolved = unresolvedProblems(document, told);
    return { ...compiled, problems: [...compiled.problems, ...unresolved].sort(byPlace) };
  }
}

interface Resolution {
  readonly document: RuleDocument;
  readonly issues: readonly ReferenceIssue[];
}

function documentOf({ file, text, lines, parsed, found, absolute }: ParsedSource, standIns: StandIns): Resolution {
  const { data, referenced, issues } = replaceReferences(parsed.data, found, (missing) => standIns.textFor(missing));
  const unresolved = new Set(issues.map(({ pointer }) => pointer));
  const document: RuleDocument = {
    file,
    data,
    referenced: (pointer) => referenced.has(pointer),
    unresolved: (pointer) => unresolved.has(pointer),
    locate: (pointer, at, offset) => locate(text, lines, parsed.spotOf(pointer), at, offset),
    absolute,
    ...(MISLEADING.test(text) && { written: (pointer: string) => writtenAt(text, parsed.spotOf(pointer)) }),
  };
  return { document, issues };
}

/** Numbers that do not print back as they are written, and words that YAML 1.1 took for true and false. Most files have none. Rather too much than too little is found: it only saves work. */
const MISLEADING =
  /(?:[:?-]\s|["']:|[[{,])\s*(?:[+-]?(?:0\d|\d+\.\d*0(?!\d)|\d+_\d|[\d.]+e[+-]?\d|\.\d)|[+]\d|(?:yes|no|on|off|y|n)\s*(?:$|[,\]}#]))/im;

function writtenAt(text: string, { spot, exact }: FoundSpot): string | undefined {
  return exact ? text.slice(spot.start, spot.end) : undefined;
}

/** One problem for each reference, at the first of its places. */
function unresolvedProblems(document: RuleDocument, issues: readonly ReferenceIssue[]): Problem[] {
  const byReference = new Map<string, { readonly issue: ReferenceIssue; readonly places: Position[] }>();
  for (const issue of issues) {
    const { body, message, pointer, offset } = issue;
    const reference = `${message} ${body}`;
    const same = byReference.get(reference) ?? { issue, places: [] };
    same.places.push(document.locate(pointer, 'value', offset));
    byReference.set(reference, same);
  }
  return [...byReference.values()].map(({ issue: { code, message, mend }, places }) => {
    const [first, ...others] = places.sort(byPlace) as [Position, ...Position[]];
    const lines = [...new Set(others.map(({ line }) => line))].filter((line) => line !== first.line);
    return { file: document.file, ...first, code, message: message + alsoOn(lines), mend };
  });
}

const MOST_LINES_NAMED = 5;

function alsoOn(lines: readonly number[]): string {
  if (lines.length === 0) return '';
  const named = lines.slice(0, MOST_LINES_NAMED).join(', ');
  const rest = lines.length > MOST_LINES_NAMED ? `, and ${lines.length - MOST_LINES_NAMED} more` : '';
  return ` (also on line${lines.length === 1 ? '' : 's'} ${named}${rest})`;
}

function byPlace(a: Position, b: Position): number {
  return a.line - b.line || a.column - b.column;
}
