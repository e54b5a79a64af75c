import type { Issue } from './convert.ts';
import { type Parsed, parseYaml } from './parse.ts';
import { type Edit, type Repair, repairsFor } from './repairs.ts';

/** Characters that are parsed on trial before the parser's own words must do: a third of a second, and a few times a large file. */
const MAX_TRIAL_CHARACTERS = 512 * 1024;
const MAX_TRIALS_OF_ANY_FILE = 4;
const MAX_ISSUES = 50;

/**
 * YAML 1.2 to plain data. A text that does not parse is mended on trial, slip by slip: what makes it parse was the cause, so
 * each slip is one issue with a mend that works, and what follows from it is none.
 */
export function readYaml(text: string): Parsed {
  const parsed = parseYaml(text);
  return parsed.ok ? parsed : { ...parsed, issues: new Diagnosis(text).issues(parsed) };
}

/** Problems of a text, in the order of their places. */
interface State {
  readonly stage: 'syntax' | 'content';
  readonly issues: readonly Issue[];
}

class Diagnosis {
  readonly #text: string;
  readonly #edits: Edit[] = [];
  readonly #found: Issue[] = [];
  /** Characters that may still be parsed on trial. */
  #left: number;

  constructor(text: string) {
    this.#text = text;
    this.#left = Math.max(MAX_TRIAL_CHARACTERS, MAX_TRIALS_OF_ANY_FILE * text.length);
  }

  issues(parsed: State): readonly Issue[] {
    let state: State = { ...parsed, issues: inOrder(parsed.issues) };
    while (state.issues.length > 0 && this.#found.length < MAX_ISSUES) {
      const next = this.#mended(state);
      if (next !== undefined) {
        state = next;
        continue;
      }
      const [issue, ...others] = state.issues as [Issue, ...Issue[]];
      this.#found.push(issue);
      // After an error of syntax the parser does not know where it is: what it reports next may be an echo.
      state = { ...state, issues: state.stage === 'syntax' ? [] : others };
    }
    return inOrder(this.#found);
  }

  /** The remaining problems, with offsets into the original text, when the first issue can be mended; undefined when it cannot. */
  #mended(state: State): State | undefined {
    const known = new Set(this.#found.map(({ offset }) => offset));
    const current = applied(this.#text, this.#edits);
    const issue = state.issues[0]!;
    for (const repair of repairsFor(current, { ...issue, offset: moved(issue.offset, this.#edits) })) {
      const edits = this.#original(repair);
      if (edits === undefined || this.#left < this.#text.length) continue;
      this.#left -= this.#text.length;
      const together = [...this.#edits, ...edits].sort((a, b) => a.start - b.start);
      const parsed = parseYaml(applied(this.#text, together));
      const issues = parsed.ok ? [] : this.#placed(parsed.issues, together);
      const rest: State = {
        stage: parsed.ok ? 'content' : parsed.stage,
        issues: issues.filter(({ offset }) => !known.has(offset)),
      };
      if (!isBetter(rest, state, edits)) continue;
      const [{ offset }] = this.#placed([repair.issue], this.#edits) as [Issue];
      this.#found.push({ ...repair.issue, offset });
      this.#edits.splice(0, this.#edits.length, ...together);
      return rest;
    }
    return undefined;
  }

  /** The edits as edits of the original text; undefined when they touch what is mended already. */
  #original({ edits }: Repair): readonly Edit[] | undefined {
    const placed = edits.map(({ start, end, replacement }) => ({
      start: original(start, this.#edits),
      end: original(end, this.#edits),
      replacement,
    }));
    const touches = placed.some(({ start, end }) => this.#edits.some((edit) => start < edit.end && edit.start < end));
    return touches || placed.length === 0 ? undefined : placed;
  }

  #placed(issues: readonly Issue[], edits: readonly Edit[]): readonly Issue[] {
    return inOrder(issues.map((issue) => ({ ...issue, offset: original(issue.offset, edits) })));
  }
}

/** The text that was edited is not complained of any more, nor what stands before it. */
function isBetter(after: State, before: State, edits: readonly Edit[]): boolean {
  const [first] = after.issues;
  if (first === undefined || first.offset > edits.at(-1)!.end) return true;
  // Only a text without errors of syntax is looked at for others, which may stand anywhere.
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

/** Where an offset of the original text is in the edited one. */
function moved(offset: number, edits: readonly Edit[]): number {
  let by = 0;
  for (const { start, end, replacement } of edits) {
    if (end > offset) break;
    by += replacement.length - (end - start);
  }
  return offset + by;
}

/** Where an offset of the edited text was in the original one. */
function original(offset: number, edits: readonly Edit[]): number {
  let by = 0;
  for (const { start, end, replacement } of edits) {
    const place = start + by;
    if (offset <= place) break;
    if (offset < place + replacement.length) return start;
    by += replacement.length - (end - start);
  }
  return offset - by;
}
