import { isPublicHeader, type GivenSecret, type SecretRole } from '../../lib/secrets/secret.ts';
import type { Problem } from '../problems/failure.ts';
import { joinPointer, nameOf, segmentsOf, valueAt } from '../values/pointer.ts';
import { coerceReferenced, type DecodeSink, decode } from '../schema/decode.ts';
import { localTimeConverters } from '../time/hours.ts';
import type { MessageTemplates } from '../ruleset.ts';
import { schemaOf } from '../schema/json-schema.ts';
import { OPERATORS } from '../schema/sections/match.ts';
import type { MatchProblem } from '../match/pattern.ts';
import type { Absolute } from '../schema/paths.ts';
import type { Static, TSchema } from '../schema/type.ts';
import type { Finding } from '../schema/mismatch.ts';
import { validate } from '../schema/validate.ts';
import type { NameField } from './registry.ts';

export interface Position {
  readonly line: number;
  readonly column: number;
}

/** One rules file, parsed, with its references resolved. */
export interface RuleDocument {
  /** Name of the file in problems. */
  readonly file: string;
  readonly data: unknown;
  /** Returns whether a part of this value comes from a reference. */
  referenced(pointer: string): boolean;
  /** Returns whether this text contains a reference that could not be resolved and was replaced by a placeholder. */
  unresolved?(pointer: string): boolean;
  /** Returns the position of the key or the value; `offset` counts characters into a text value. */
  locate(pointer: string, at: 'key' | 'value', offset?: number): Position;
  /** Resolves a path by the folder of the file. Without it (a document that is not a file) paths stay as written. */
  readonly absolute?: Absolute;
  /** Returns the text of a scalar in the file; undefined if the text cannot be misread. */
  written?(pointer: string): string | undefined;
}

export type DeclaredKind = 'daemon' | 'channel' | 'source' | 'hours' | 'silence' | 'rule' | 'path';

/** A name that may be declared once in all files. `digest` changes with the settings under the name. */
export interface Declared {
  readonly kind: DeclaredKind;
  readonly name: string;
  readonly position: Position;
  readonly digest: string;
}

/** A mention of a name, which is looked up when all files are compiled. `from` is the rule or channel with the mention. */
export interface Reference {
  readonly kind: 'on' | 'notify' | 'fallback' | 'canary' | 'hours' | 'inhibited_by';
  readonly name: string;
  readonly from: string;
  /** True: the name comes from a reference, so messages do not repeat it. */
  readonly hidden: boolean;
  readonly position: Position;
}

/** Kind of the part that has a mention. */
export const ownerOf = (kind: Reference['kind']): 'channel' | 'rule' =>
  kind === 'fallback' || kind === 'canary' ? 'channel' : 'rule';

/** A recipient or a mention in a rule that is not a template, and its channel. */
export interface WrittenName {
  readonly field: NameField;
  readonly text: string;
  readonly channel: string;
  readonly position: Position;
}

/** The settings of `defaults:`: decoded for messages, as written for delivery, because they are merged with those of channels. */
export interface FileDefaults {
  readonly message: MessageTemplates;
  readonly delivery: Readonly<Record<string, unknown>>;
  /** Settings as written, for digests. */
  readonly raw: Readonly<Record<string, unknown>>;
}

const MAX_PROBLEMS = 500;
const URL_WITH_USER = /^[a-z][a-z0-9+.-]*:\/\/[^/?#\s]*@/i;

/** Collects the findings about one file while it is compiled: problems with their positions, names, mentions, secrets. */
export class CompileContext {
  readonly document: RuleDocument;
  readonly declared: Declared[] = [];
  readonly references: Reference[] = [];
  readonly names: WrittenName[] = [];
  /** Values of secret settings, from a reference or written in the file. */
  readonly secrets: GivenSecret[] = [];
  /** Pointers of values that excerpts must not show. */
  readonly masked = new Set<string>();
  /** Pointers at which a placeholder is not a valid value. With the valid values, if they are known. */
  readonly rejected = new Map<string, readonly string[]>();
  /** Clocks of the time zones that the file names. */
  readonly localTimeConverters = localTimeConverters();
  #rejections = 0;
  readonly #findings: Finding[] = [];
  /** Pointers of values that depend on the folder of the file. */
  readonly #located: string[] = [];

  constructor(document: RuleDocument) {
    this.document = document;
  }

  /** Number of problems so far. A part of the file is valid if compiling it did not change the number. */
  get count(): number {
    return this.#findings.length + this.#rejections;
  }

  get problems(): Problem[] {
    return this.#findings
      .slice(0, MAX_PROBLEMS)
      .map((finding) => this.#problem(finding))
      .sort((a, b) => a.line - b.line || a.column - b.column);
  }

  found(finding: Finding): void {
    // The unresolved reference is reported elsewhere, and its value is unknown.
    const unresolved = this.#unresolvedAt(finding.pointer);
    if (unresolved.length > 0) return unresolved.forEach((pointer) => this.#reject(pointer, finding.takes));
    this.#findings.push(finding);
    // A misspelt setting may hold a secret, except in rules and defaults, which have no secret fields.
    if (finding.code === 'schema.unknown_key' && !/^\/(rules|defaults)\//.test(finding.pointer))
      this.masked.add(finding.pointer);
  }

  /** Returns whether a problem was reported at this pointer. */
  has(pointer: string): boolean {
    return this.rejected.has(pointer) || this.#findings.some((finding) => finding.pointer === pointer);
  }

  /** Pointers of the unresolved texts at a pointer. A problem of a list may be caused by any of its entries. */
  #unresolvedAt(pointer: string): readonly string[] {
    if (this.document.unresolved === undefined) return [];
    if (this.#isUnresolved(pointer)) return [pointer];
    const value = valueAt(this.document.data, segmentsOf(pointer));
    const entries = Array.isArray(value) ? value.map((_, index) => joinPointer(pointer, index)) : [];
    return entries.filter((entry) => this.#isUnresolved(entry));
  }

  #isUnresolved(pointer: string): boolean {
    return this.document.unresolved?.(pointer) === true;
  }

  #reject(pointer: string, takes: readonly string[] = []): void {
    this.rejected.set(pointer, takes);
    this.#rejections += 1;
  }

  /** Reports the problems of a match map; `pointerOf` converts a pointer into the map to one into the file. */
  matchProblems(problems: readonly MatchProblem[], pointerOf: (pointer: string) => string): void {
    for (const problem of problems) {
      const last = segmentsOf(problem.pointer).at(-1) ?? '';
      const pointer = pointerOf(problem.pointer);
      if (this.has(pointer)) continue;
      const at = Object.hasOwn(OPERATORS, last) || /^\d+$/.test(last) ? 'value' : 'key';
      const { message, mend } = problem;
      this.found({ pointer, at, code: 'rule.match', message, mend, quotes: true });
    }
  }

  declare(kind: DeclaredKind, name: string, pointer: string, at: 'key' | 'value', digest: string): void {
    const { document } = this;
    if (this.#isUnresolved(pointer)) {
      // A path may be unknown, but a name is needed where it is mentioned.
      if (kind !== 'path') this.#reject(pointer);
      return;
    }
    // The position is computed when a problem needs it, since locating ten thousand positions takes time.
    this.declared.push({
      kind,
      name,
      digest,
      get position() {
        return document.locate(pointer, at);
      },
    });
  }

  refer(kind: Reference['kind'], name: string, from: string, pointer: string): void {
    const { document } = this;
    if (this.#isUnresolved(pointer)) return this.#reject(pointer);
    const hidden = document.referenced(pointer);
    this.references.push({
      kind,
      name,
      from,
      hidden,
      get position() {
        return document.locate(pointer, 'value');
      },
    });
  }

  name(channel: string, field: NameField, text: string, pointer: string): void {
    const { document } = this;
    if (this.#isUnresolved(pointer)) return;
    this.names.push({
      channel,
      field,
      text,
      get position() {
        return document.locate(pointer, 'value');
      },
    });
  }

  /** Validates and decodes settings by their schema and fills in defaults; undefined when they have a problem. */
  settings<S extends TSchema>(schema: S, given: unknown, pointer: string, noun: string): Static<S> | undefined {
    const before = this.count;
    const { document } = this;
    const value = this.coerced(schema, given, pointer);
    this.#keepPasswords(value, pointer);
    const context = { pointer, noun, hidden: (at: string) => this.masked.has(at) || document.referenced(at) };
    const decoded = decode(schema, value, pointer, this.#sink());
    for (const finding of validate(schemaOf(schema), value, context)) this.found(finding);
    return this.count === before ? (decoded as Static<S>) : undefined;
  }

  /** Values on which decoded settings depend: the written ones, and the folder of the file if they contain a relative path. */
  basisOf(given: unknown, pointer: string): unknown {
    const isLocated = this.#located.some((located) => located.startsWith(`${pointer}/`));
    return isLocated ? [given, this.document.absolute?.('.')] : given;
  }

  /** Converts texts from references to the numbers and booleans that the schema requires. */
  coerced(schema: TSchema, given: unknown, pointer: string): unknown {
    return coerceReferenced(schemaOf(schema), given, pointer, (at) => this.document.referenced(at));
  }

  #sink(): DecodeSink {
    const { absolute } = this.document;
    return {
      found: (finding) => this.found(finding),
      secret: (pointer, value) => {
        this.#keepSecret(pointer, 'secret', value);
      },
      sensitive: (pointer, literal) => {
        if (literal !== '' && !isPublicHeader(segmentsOf(pointer).at(-1)!))
          this.#keepSecret(pointer, 'setting', literal);
      },
      hide: (pointer) => this.masked.add(pointer),
      ...(absolute !== undefined && { absolute: (path: string) => absolute(path) }),
      located: (pointer) => void this.#located.push(pointer),
    };
  }

  #keepSecret(pointer: string, role: SecretRole, value: string): void {
    if (!this.#isUnresolved(pointer))
      this.secrets.push({
        value,
        role,
        name: segmentsOf(pointer).at(-1) ?? '',
        referenced: this.document.referenced(pointer),
      });
    this.masked.add(pointer);
  }

  /** Records URLs with a password in any setting as secrets. */
  #keepPasswords(value: unknown, pointer: string): void {
    if (typeof value === 'string' && URL_WITH_USER.test(value)) this.#keepSecret(pointer, 'url', value);
    if (typeof value !== 'object' || value === null) return;
    for (const [step, item] of Object.entries(value)) this.#keepPasswords(item, joinPointer(pointer, step));
  }

  #problem(finding: Finding): Problem {
    const { pointer, at, code, mend, offset } = finding;
    const secret = finding.quotes === true && (this.document.referenced(pointer) || this.masked.has(pointer));
    const message = secret
      ? `${nameOf(pointer)} does not parse; the mistake is not shown, because the value is a secret`
      : finding.message;
    return {
      file: this.document.file,
      ...this.document.locate(pointer, at, secret ? undefined : offset),
      code,
      message,
      mend: secret ? 'check the value of the reference or the setting' : mend,
    };
  }
}
