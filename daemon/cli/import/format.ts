import type { ConfigText } from './config-text.ts';
import type { Draft } from './draft.ts';

/** Text to translate. */
export interface ImportInput {
  readonly text: string;
  /** The text as YAML or JSON; undefined if it is neither. */
  readonly config: ConfigText | undefined;
}

/** A configuration of another program that can be translated. */
export interface ImportFormat {
  /** Name for `--from`. */
  readonly name: string;
  /** Description for people: `the configuration of Alertmanager`. */
  readonly about: string;
  /** Whether an https URL is itself what is to be translated, and not the address of a file. */
  readonly isOwnUrl?: (url: string) => boolean;
  /** Whether the text looks like this format. */
  matches(input: ImportInput): boolean;
  /** Adds what it can translate to the draft, and reports the rest there. Pure. */
  translate(input: ImportInput, draft: Draft): void;
}
