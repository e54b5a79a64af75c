import { computed, signal } from '@preact/signals';

/** Owner of the token: `GET /v1/token`. */
export interface Identity {
  readonly name: string;
  readonly scopes: readonly string[];
}

const KEY = 'belfry.token';

/** Token of this browser tab. It travels as a header only, and ends with the tab. */
export const token = signal(sessionStorage.getItem(KEY) ?? undefined);

/** Undefined until the daemon has accepted the token. */
export const identity = signal<Identity | undefined>(undefined);

/** Reason why the reader has to log in again. */
export const refusal = signal<string | undefined>(undefined);

export function logIn(given: string): void {
  sessionStorage.setItem(KEY, given);
  refusal.value = undefined;
  token.value = given;
}

export function logOut(reason?: string): void {
  sessionStorage.removeItem(KEY);
  refusal.value = reason;
  identity.value = undefined;
  token.value = undefined;
}

const isAdmin = computed(() => identity.value?.scopes.includes('admin') ?? false);

/** Whether the token may make calls of this scope; without the scope an action is not offered. */
export function may(scope: 'read' | 'ack' | 'admin' | 'emit'): boolean {
  return isAdmin.value || (identity.value?.scopes.includes(scope) ?? false);
}
