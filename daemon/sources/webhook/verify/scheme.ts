import type { Static, TSchema } from '../../../core/schema/type.ts';
import { isObject, type Json } from '../../../core/values/json.ts';
import type { Secret } from '../../../lib/secrets/secret.ts';
import type { HookAnswer, HookRequest, SettingProblem } from '../../source.ts';

/** The result of a successful verification. */
export interface Proof {
  /**
   * For schemes with a timestamp: the signed content, which is the same only in an exact copy of the request, and the time
   * (milliseconds) until which a copy would pass verification and has to be remembered.
   */
  readonly replayGuard?: { readonly content: string | Buffer; readonly until: number };
  /** The proof is not sufficient for an event: only the challenge of the provider may be answered. */
  readonly challengeOnly?: boolean;
}

/** A scheme with its settings. */
export interface Verifier {
  /** Verifies a request; undefined when the proof is missing or invalid. `now` is in milliseconds. */
  verify(request: HookRequest, now: number): Proof | undefined;
  /** The delivery id of the provider, which is the same when it retries. */
  deliveryId?(request: HookRequest, body: Json): string | undefined;
  /** Fields of the body that differ between attempts of one delivery. */
  readonly volatileFields?: readonly string[];
  /** The form field with the JSON, for providers that can send a form. */
  readonly formField?: string;
  /** Decrypts the body, for providers that encrypt it. */
  decode?(body: Json): Json;
  /** Answers the challenge by which a provider verifies the URL; undefined when the request is an event. */
  challenge?(body: Json): HookAnswer | undefined;
}

/** A verification scheme: a key below `verify`. */
export interface Scheme<S extends TSchema = TSchema> {
  readonly name: string;
  readonly setting: S;
  /** Secrets of the setting, unless the setting is the list of secrets. */
  readonly secrets?: (setting: Static<S>) => readonly Secret[];
  readonly check?: (setting: Static<S>) => readonly SettingProblem[];
  /** Headers (lower case) that contain credentials although their names do not show it. */
  readonly credentials?: (setting: Static<S>) => readonly string[];
  /** Whether a request has a token or password, which somebody could guess; absent for signatures. */
  readonly isGuess?: (request: HookRequest) => boolean;
  /** Value of `WWW-Authenticate`. */
  readonly authenticate?: string;
  open(setting: Static<S>): Verifier;
}

export function defineScheme<S extends TSchema>(scheme: Scheme<S>): Scheme<S> {
  return scheme;
}

/** Answers the challenge of Slack and Feishu. https://docs.slack.dev/reference/events/url_verification */
export function urlVerification(body: Json): HookAnswer | undefined {
  if (!isObject(body) || body.type !== 'url_verification' || typeof body.challenge !== 'string') return undefined;
  return { status: 200, body: { challenge: body.challenge } };
}
