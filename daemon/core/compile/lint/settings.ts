import { isObject } from '../../values/json.ts';
import { nameOf } from '../../values/pointer.ts';
import type { Schema } from '../../schema/json-schema.ts';
import { lintMatch } from './match.ts';
import { lintTemplate } from './texts.ts';
import { referenceMeant } from './references.ts';
import { lintQuotes, lintSpelling, type Written } from './spelling.ts';
import { visit } from './visit.ts';
import { OPEN_VOCABULARY, withNames } from './vocabulary.ts';
import type { Warn } from './warn.ts';

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
