import { alertmanager } from './alertmanager/alertmanager.ts';
import { apprise } from './apprise/apprise.ts';
import { readConfig } from './config-text.ts';
import { Draft } from './draft.ts';
import type { ImportFormat } from './format.ts';
import { hooks } from './hooks/hooks.ts';
import { ntfy } from './ntfy/ntfy.ts';
import { shoutrrr } from './shoutrrr/shoutrrr.ts';
import { nativeService } from './urls/native.ts';

/** Formats in the order in which they are tried. */
export const IMPORT_FORMATS: readonly ImportFormat[] = [alertmanager, hooks, ntfy, shoutrrr, apprise];

/** Whether a URL is not the address of a file: it is that of a provider, or of the format `from`. */
export const isOwnUrl = (url: string, from?: string): boolean =>
  nativeService(url) !== undefined || IMPORT_FORMATS.find(({ name }) => name === from)?.isOwnUrl?.(url) === true;

export interface Translation {
  readonly format: ImportFormat;
  readonly draft: Draft;
}

/** Translates a configuration; `from` is the name of its format, which is found by the content if not given. Undefined if no format fits. */
export async function translate(text: string, from?: string): Promise<Translation | undefined> {
  const input = { text, config: await readConfig(text) };
  const format = IMPORT_FORMATS.find((known) => (from === undefined ? known.matches(input) : known.name === from));
  if (format === undefined) return undefined;
  const draft = new Draft();
  format.translate(input, draft);
  return { format, draft };
}
