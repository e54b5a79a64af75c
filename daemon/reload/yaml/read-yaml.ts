import type { Issue } from './convert.ts';
import { type Parsed, parseYaml } from './parse.ts';
import { type Edit, type Repair, repairsFor } from './repairs.ts';

/** Characters that are parsed to try repairs, about a third of a second of work. A large file is still tried `MIN_TRIES` times. After that the parser's own issue is reported. */
const MAX_TRIED_CHARACTERS = 512 * 1024;
const MIN_TRIES = 4;
const MAX_ISSUES = 50;

/**
 * Parses YAML 1.2 to plain data. For a text that does not parse, repairs are tried, one mistake after the other. A repair that
 * makes the text parse shows the cause, so each mistake is one issue with a mend that works, and its consequences are not reported.
 */
export function readYaml(text: string): Parsed {
  const parsed = parseYaml(text);
  return parsed.ok ? parsed : { ...parsed, issues: new Diagnosis(text).issues(parsed) };
}

/** Issues of a text, in the order of their offsets. */
interface State {
  readonly stage: 'syntax' | 'content';
  readonly issues: readonly Issue[];
}

class Diagnosis {
  readonly #text: string;
  readonly #edits: Edit[] = [];
  readonly #found: Issue[] = [];
  /** Characters that may still be parsed to try repairs. */
  #left: number;

  constructor(text: string) {
    this.#text = text;
    this.#left = Math.max(MAX_TRIED_CHARACTERS, MIN_TRIES * text.length);
  }

  issues(parsed: State): readonly Issue[] {
    let state: State = { ...parsed, issues: inOrder(parsed.issues) };
    while (state.issues.length > 0 && this.#found.length < MAX_ISSUES) {
      const next = this.#repaired(state);
      if (next !== undefined) {
        state = next;
        continue;
      }
      const [issue, ...others] = state.issues as [Issue, ...Issue[]];
      this.#found.push(issue);
      // After an error of syntax the next errors of the parser may be consequences of it.
      state = { ...state, issues: state.stage === 'syntax' ? [] : others };
    }
    return inOrder(this.#found);
  }

  /** The remaining issues, with offsets into the original text; undefined when no repair works for the first issue. */
  #repaired(state: State): State | undefined {
    const known = new Set(this.#found.map(({ offset }) => offset));
    const current = applied(this.#text, this.#edits);
    const issue = state.issues[0]!;
    for (const repair of repairsFor(current, { ...issue, offset: moved(issue.offset, this.#edits) })) {
      const edits = this.#original(repair);
      if (edits === undefined || this.#left < this.#text.length) continue;
      this.#left -= this.#text.length;
      const together = [...this.#edits, ...edits].sort((a, b) => a.start - b.start);
      const parsed = parseYaml(applied(this.#text, together));
      const issues = parsed.ok ? [] : this.#atOriginal(parsed.issues, together);
      const rest: State = {
        stage: parsed.ok ? 'content' : parsed.stage,
        issues: issues.filter(({ offset }) => !known.has(offset)),
      };
      if (!isBetter(rest, state, edits)) continue;
      const [{ offset }] = this.#atOriginal([repair.issue], this.#edits) as [Issue];
      this.#found.push({ ...repair.issue, offset });
      this.#edits.splice(0, this.#edits.length, ...together);
      return rest;
    }
    return undefined;
  }

  /** The edits as edits of the original text; undefined when they overlap an earlier repair. */
  #original({ edits }: Repair): readonly Edit[] | undefined {
    const originalEdits = edits.map(({ start, end, replacement }) => ({
      start: original(start, this.#edits),
      end: original(end, this.#edits),
      replacement,
    }));
    const overlaps = originalEdits.some(({ start, end }) =>
      this.#edits.some((edit) => start < edit.end && edit.start < end),
    );
    return overlaps || originalEdits.length === 0 ? undefined : originalEdits;
  }

  #atOriginal(issues: readonly Issue[], edits: readonly Edit[]): readonly Issue[] {
    return inOrder(issues.map((issue) => ({ ...issue, offset: original(issue.offset, edits) })));
  }
}

/** Test for a repair that worked: no issue is left at the edit or before it. */
function isBetter(after: State, before: State, edits: readonly Edit[]): boolean {
  const [first] = after.issues;
  if (first === undefined || first.offset > edits.at(-1)!.end) return true;
  // Content is checked only when the syntax is right, and its issues may be anywhere.
  return before.stage === 'syntax' && after.stage === 'content';
}

function inOrder(issues: readonly Issue[]): readonly Issue[] {
  return [...issues].sort((a, b) => a.offset - b.offset);
}

function applied(text: string, edits: readonly Edit[]): string {
  let result = '';
  let at = 0;
  for (const { start, end, replacement } of edits) {
    result += text.slice(at, start) + replacement;
    at = end;
  }
  return result + text.slice(at);
}

/** Offset in the edited text for an offset in the original one. */
function moved(offset: number, edits: readonly Edit[]): number {
  let by = 0;
  for (const { start, end, replacement } of edits) {
    if (end > offset) break;
    by += replacement.length - (end - start);
  }
  return offset + by;
}

/** Offset in the original text for an offset in the edited one. */
function original(offset: number, edits: readonly Edit[]): number {
  let by = 0;
  for (const { start, end, replacement } of edits) {
    const editedStart = start + by;
    if (offset <= editedStart) break;
    if (offset < editedStart + replacement.length) return start;
    by += replacement.length - (end - start);
  }
  return offset - by;
}
