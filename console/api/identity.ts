import { get } from './client.ts';
import { type Identity, token } from './session.ts';

/** Answer for the token with which the page was loaded: it is asked for while the texts are still loading. */
let early = token.value === undefined ? undefined : { token: token.value, answer: ask() };
early?.answer.catch(() => undefined);

/** Owner of the token in use. */
export function readIdentity(signal: AbortSignal): Promise<Identity> {
  const first = early?.token === token.value ? early?.answer : undefined;
  early = undefined;
  return first ?? ask(signal);
}

function ask(signal?: AbortSignal): Promise<Identity> {
  return get<Identity>('/v1/token', {}, signal);
}
