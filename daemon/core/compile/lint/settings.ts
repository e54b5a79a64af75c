import { isObject } from '../../values/json.ts';
import { nameOf } from '../../values/pointer.ts';
import type { Schema } from '../../schema/json-schema.ts';
import { lintMatch } from './match.ts';
import { lintTemplate } from './texts.ts';
import { lintQuotes, lintSpelling, type Written } from './spelling.ts';
import { visit } from './visit.ts';
import { OPEN_VOCABULARY, withNames, type Warn } from './vocabulary.ts';

export interface SettingsLocation {
  readonly pointer: string;
  /** Variables of its templates, besides the fields of an event. */
  readonly names: readonly string[];
  readonly written: Written;
  readonly referenced: (pointer: string) => boolean;
}

/** Warns of settings of a channel, a source or the daemon that never work. */
export function lintSettings(schema: Schema, given: unknown, location: SettingsLocation, warn: Warn): void {
  if (!isObject(given)) return;
  const { type: _type, delivery: _delivery, ...settings } = given;
  const vocabulary = withNames(OPEN_VOCABULARY, ['event', ...location.names]);
  visit(schema, settings, location.pointer, (meaning, value, pointer) => {
    if (location.referenced(pointer)) return;
    lintQuotes(value, pointer, warn);
    if (meaning === 'match') {
      lintMatch(value, pointer, OPEN_VOCABULARY, warn);
      lintSpelling(value, pointer, location.written, warn);
    }
    if (typeof value !== 'string') return;
    if (meaning === 'template') lintTemplate(value, pointer, vocabulary, warn);
    // An item of a list may be an argument for a shell, which resolves it.
    const isItem = /\/\d+$/.test(pointer);
    if (meaning === 'secret' || !isItem) lintReference(value, pointer, meaning === 'secret', warn);
  });
}

function lintReference(text: string, pointer: string, isSecret: boolean, warn: Warn): void {
  const reference = suggestedReference(text, isSecret);
  if (reference === undefined) return;
  warn({
    pointer,
    at: 'value',
    code: 'secret.not_a_reference',
    message: `${nameOf(pointer)} is used literally, but looks like a reference`,
    mend: `write ${reference}`,
  });
}

const variable = (name: string): string => `\`\${env:${name}}\``;

/** References to a secret or a variable as other tools write them, and as Belfry does. */
const FOREIGN_REFERENCES: readonly (readonly [pattern: RegExp, reference: (name: string) => string])[] = [
  [/^\$([A-Za-z_]\w*)$/, variable],
  [/^\$\(([A-Za-z_]\w*)\)$/, variable],
  [/^%([A-Za-z_]\w*)%$/, variable],
  [/^\{\{\s*(?:env|secrets)\.([A-Za-z_]\w*)\s*\}\}$/, variable],
  // The whole text is the value of a secret, so the message must not repeat it.
  [/^((?:env|file|credential):[\w./~-]+)$/, () => '`${...}` around it'],
];
/** Pattern for other settings than secrets: a form that is hardly ever plain text. */
const VARIABLE = /^\$([A-Z_][A-Z0-9_]*)$/;

/** Reference that was probably intended. */
function suggestedReference(text: string, isSecret: boolean): string | undefined {
  if (!isSecret) {
    const name = VARIABLE.exec(text)?.[1];
    return name === undefined ? undefined : variable(name);
  }
  for (const [pattern, mend] of FOREIGN_REFERENCES) {
    const name = pattern.exec(text)?.[1];
    if (name !== undefined) return mend(name);
  }
  return undefined;
}
