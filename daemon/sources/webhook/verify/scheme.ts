import type { Static, TSchema } from '../../../core/schema/type.ts';
import type { Json } from '../../../core/values/json.ts';
import type { Secret } from '../../../lib/secrets/secret.ts';
import type { HookAnswer, HookRequest, SettingProblem } from '../../source.ts';

/** What a request that may come in has proved. */
export interface Proof {
  /**
   * For schemes with a timestamp: what was signed, the same in an exact copy of the request and nowhere else; and until when
   * (milliseconds) a copy would pass, so how long it has to be remembered.
   */
  readonly once?: { readonly content: string | Buffer; readonly until: number };
  /** Proves too little for an event: only the provider's challenge may be answered. */
  readonly challengeOnly?: boolean;
}

/** A scheme with its secrets. */
export interface Verifier {
  /** undefined: the request proves nothing. `now` is in milliseconds. */
  verify(request: HookRequest, now: number): Proof | undefined;
  /** The provider's id of what it delivers, the same when it tries again. */
  deliveryId?(request: HookRequest, body: Json): string | undefined;
  /** Fields of the body that differ when the provider sends the same delivery again. */
  readonly changing?: readonly string[];
  /** The form field that holds the JSON, for providers that can send it in a form. */
  readonly wrapped?: string;
  /** The body within the body, for providers that encrypt it. */
  decode?(body: Json): Json;
  /** The answer to the provider's question whether this URL listens; not an event. */
  challenge?(body: Json): HookAnswer | undefined;
}

/** A way for a sender to prove who it is: a key below `verify`. */
export interface Scheme<S extends TSchema = TSchema> {
  readonly name: string;
  readonly setting: S;
  /** Those in the setting, when it is not the list of them itself. */
  readonly secrets?: (setting: Static<S>) => readonly Secret[];
  readonly check?: (setting: Static<S>) => readonly SettingProblem[];
  /** Headers (lower case) that carry credentials and are not known as such by their names. */
  readonly credentials?: (setting: Static<S>) => readonly string[];
  /** For `WWW-Authenticate`. */
  readonly authenticate?: string;
  open(setting: Static<S>): Verifier;
}

export function defineScheme<S extends TSchema>(scheme: Scheme<S>): Scheme<S> {
  return scheme;
}
