import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { UnsavedCheck, UnsavedExplanation } from '../../../daemon/http/api/unsaved.ts';
import { ApiError, call } from '../../api/client.ts';
import { eventOf } from './drafts.ts';

/** Answer of the daemon to the two texts. `event`: why the text is no event. */
export interface PlayAnswer {
  readonly check?: Pick<UnsavedCheck, 'valid' | 'problems'>;
  readonly explanation?: UnsavedExplanation;
  readonly event?: string;
  readonly error?: string;
}

const TYPING_MS = 350;
const EVENT_CODES = /^explain\./;

/** Checks and explains the texts when the reader stops typing. An answer to older texts is dropped, and its request ended. */
export function useAnswer(rules: string, event: string, base: boolean) {
  const answer = useSignal<PlayAnswer>({});
  const isAsking = useSignal(false);
  useEffect(() => {
    const controller = new AbortController();
    const { signal } = controller;
    const ask = async (): Promise<void> => {
      isAsking.value = true;
      const found = await answerOf({ rules, base }, event, signal);
      if (signal.aborted) return;
      answer.value = found;
      isAsking.value = false;
    };
    const timer = setTimeout(() => void ask(), TYPING_MS);
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  }, [rules, event, base]);
  return { answer, isAsking };
}

async function answerOf(unsaved: object, text: string, signal: AbortSignal): Promise<PlayAnswer> {
  const given = eventOf(text);
  try {
    if ('error' in given) return { event: given.error, ...(await checked(unsaved, signal)) };
    const body = { ...unsaved, event: given.event };
    const explanation = await call<UnsavedExplanation>('POST', '/v1/explain', { body, signal });
    const { valid, problems } = explanation;
    return { check: { valid, problems }, explanation };
  } catch (error) {
    const message = (error as Error).message;
    if (!(error instanceof ApiError) || !EVENT_CODES.test(error.code)) return { error: message };
    return { event: message, ...(await checked(unsaved, signal)) };
  }
}

async function checked(body: object, signal: AbortSignal): Promise<PlayAnswer> {
  try {
    return { check: await call<UnsavedCheck>('POST', '/v1/check', { body, signal }) };
  } catch (error) {
    return { error: (error as Error).message };
  }
}
