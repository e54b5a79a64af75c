import { useSignal } from '@preact/signals';
import { useCallback, useEffect, useRef } from 'preact/hooks';
import type { RulesView, RuleView } from '../../../daemon/http/views.ts';
import { ApiError, get } from '../../api/client.ts';
import { connection } from '../../api/feed.ts';
import type { Resource } from '../../api/resource.ts';
import { status } from '../../api/status.ts';

/** All rules in force, of all pages. */
export type AllRules = Pick<RulesView, 'generation' | 'problems' | 'tests'> & { readonly rules: readonly RuleView[] };

/** Their numbers change all the time, and reading ten thousand rules takes ten calls. */
const EVERY_MS = 15_000;
const MAX_TRIES = 3;
/** The list does not show the texts, which are most of an answer. */
const WITHOUT_TEXT = { text: 'false' };

/** Reads all rules, again when they were reloaded, and every 15 s. */
export function useAllRules(): Resource<AllRules> {
  const value = useSignal<AllRules | undefined>(undefined);
  const error = useSignal<ApiError | undefined>(undefined);
  const isLoading = useSignal(true);
  const running = useRef<AbortController | undefined>(undefined);
  const reload = useCallback(() => {
    running.current?.abort();
    const controller = new AbortController();
    running.current = controller;
    isLoading.value = true;
    allRules(controller.signal).then(
      (found) => {
        value.value = found;
        error.value = undefined;
        isLoading.value = false;
      },
      (reason: unknown) => {
        if (controller.signal.aborted) return;
        error.value = reason instanceof ApiError ? reason : new ApiError(0, 'bug', String(reason));
        isLoading.value = false;
      },
    );
  }, []);
  const generation = status.value?.generation;
  const problems = status.value?.files.reduce((sum, file) => sum + file.problems.length, 0);
  const isOpen = connection.value === 'open';
  useEffect(reload, [generation, problems, isOpen]);
  useEffect(() => {
    const timer = setInterval(reload, EVERY_MS);
    return () => {
      clearInterval(timer);
      running.current?.abort();
    };
  }, []);
  return { value, error, isLoading, reload };
}

/** Reads all pages; begins again if the rules are reloaded meanwhile. */
async function allRules(signal: AbortSignal): Promise<AllRules> {
  for (let tries = 1; ; tries += 1) {
    const first = await get<RulesView>('/v1/rules', WITHOUT_TEXT, signal);
    const rules = [...first.rules];
    let next = first.next;
    while (next !== null) {
      const page: RulesView = await get<RulesView>('/v1/rules', { ...WITHOUT_TEXT, cursor: next }, signal);
      if (page.generation !== first.generation && tries < MAX_TRIES) break;
      rules.push(...page.rules);
      next = page.next;
    }
    if (next === null) return { ...first, rules };
  }
}
