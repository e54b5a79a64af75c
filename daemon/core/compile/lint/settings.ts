import { isObject } from '../../values/json.ts';
import { nameOf } from '../../values/pointer.ts';
import type { Schema } from '../../schema/json-schema.ts';
import { lintMatch } from './match.ts';
import { lintTemplate } from './texts.ts';
import { lintQuotes, lintSpelling, type Written } from './spelling.ts';
import { visit } from './visit.ts';
import { OPEN_VOCABULARY, withNames, type Warn } from './vocabulary.ts';

export interface SettingsPlace {
  readonly pointer: string;
  /** Names that its templates may use besides the fields of an event. */
  readonly names: readonly string[];
  readonly written: Written;
  readonly referenced: (pointer: string) => boolean;
}

/** Warns of what the settings of a channel, a source or the daemon say in vain. */
export function lintSettings(schema: Schema, given: unknown, place: SettingsPlace, warn: Warn): void {
  if (!isObject(given)) return;
  const { type: _type, delivery: _delivery, ...settings } = given;
  const vocabulary = withNames(OPEN_VOCABULARY, ['event', ...place.names]);
  visit(schema, settings, place.pointer, (meaning, value, pointer) => {
    if (place.referenced(pointer)) return;
    lintQuotes(value, pointer, warn);
    if (meaning === 'match') {
      lintMatch(value, pointer, OPEN_VOCABULARY, warn);
      lintSpelling(value, pointer, place.written, warn);
    }
    if (typeof value !== 'string') return;
    if (meaning === 'template') lintTemplate(value, pointer, vocabulary, warn);
    // An item of a list may be an argument for a shell, which resolves it.
    const isItem = /\/\d+$/.test(pointer);
    if (meaning === 'secret' || !isItem) lintReference(value, pointer, meaning === 'secret', warn);
  });
}

function lintReference(text: string, pointer: string, isSecret: boolean, warn: Warn): void {
  const reference = referenceMeant(text, isSecret);
  if (reference === undefined) return;
  warn({
    pointer,
    at: 'value',
    code: 'secret.not_a_reference',
    message: `${nameOf(pointer)} is used as it is written, but looks like a reference`,
    mend: `write ${reference}`,
  });
}

const variable = (name: string): string => `\`\${env:${name}}\``;

/** How other tools write a reference to a secret or a variable, and how it is written here. */
const WRITTEN_ELSEWHERE: readonly (readonly [pattern: RegExp, reference: (name: string) => string])[] = [
  [/^\$([A-Za-z_]\w*)$/, variable],
  [/^\$\(([A-Za-z_]\w*)\)$/, variable],
  [/^%([A-Za-z_]\w*)%$/, variable],
  [/^\{\{\s*(?:env|secrets)\.([A-Za-z_]\w*)\s*\}\}$/, variable],
  // The whole text is the value of a secret, and masked in what is said about it.
  [/^((?:env|file|credential):[\w./~-]+)$/, () => '`${...}` around it'],
];
/** Outside of secrets only what is hardly ever meant as it stands. */
const VARIABLE = /^\$([A-Z_][A-Z0-9_]*)$/;

/** The reference that was probably meant by a text that looks like one. */
function referenceMeant(text: string, isSecret: boolean): string | undefined {
  if (!isSecret) {
    const name = VARIABLE.exec(text)?.[1];
    return name === undefined ? undefined : variable(name);
  }
  for (const [pattern, mend] of WRITTEN_ELSEWHERE) {
    const name = pattern.exec(text)?.[1];
    if (name !== undefined) return mend(name);
  }
  return undefined;
}
