import { type ReadonlySignal, useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { BacktestProgress, BacktestResult } from '../../../daemon/http/api/unsaved.ts';
import { lines } from '../../api/client.ts';
import { messageOf } from '../../ui/action.tsx';

/** A run over the history: its progress, then its result or error. */
export interface BacktestRun {
  readonly isRunning: ReadonlySignal<boolean>;
  readonly progress: ReadonlySignal<BacktestProgress | undefined>;
  readonly result: ReadonlySignal<BacktestResult | undefined>;
  readonly error: ReadonlySignal<string | undefined>;
  readonly start: (body: object) => void;
  readonly stop: () => void;
}

/** Runs backtests, one at a time. A run ends when the page is left. */
export function useBacktest(): BacktestRun {
  const progress = useSignal<BacktestProgress | undefined>(undefined);
  const result = useSignal<BacktestResult | undefined>(undefined);
  const error = useSignal<string | undefined>(undefined);
  const isRunning = useSignal(false);
  const running = useRef<AbortController | undefined>(undefined);
  const stop = (): void => running.current?.abort();
  useEffect(() => stop, []);
  const run = async (body: object): Promise<void> => {
    stop();
    const controller = new AbortController();
    running.current = controller;
    isRunning.value = true;
    progress.value = result.value = error.value = undefined;
    try {
      const options = { body, signal: controller.signal };
      for await (const line of lines<BacktestProgress | BacktestResult>('POST', '/v1/backtest', options)) {
        if ('rules' in line) result.value = line;
        else progress.value = line;
      }
    } catch (reason) {
      if (!controller.signal.aborted) error.value = messageOf(reason);
    } finally {
      if (running.current === controller) isRunning.value = false;
    }
  };
  return { progress, result, error, isRunning, stop, start: (body) => void run(body) };
}
