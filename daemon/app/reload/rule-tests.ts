import { Worker } from 'node:worker_threads';
import { BelfryError } from '../../core/problems/failure.ts';
import type { RuleTestsView } from '../../http/daemon-api.ts';
import { type Clock, pause } from '../../lib/time/clock.ts';
import type { Scrubber } from '../../lib/secrets/scrubber.ts';
import { rfc3339 } from '../../lib/time/rfc3339.ts';
import type { Live } from '../../reload/live.ts';
import type { RuleTestsInput, RuleTestsOutput } from './run-rule-tests.ts';

export interface RuleTestsDeps {
  readonly live: Pick<Live, 'root' | 'texts' | 'generation'>;
  readonly env: RuleTestsInput['env'];
  readonly clock: Clock;
  readonly scrubber: Pick<Scrubber, 'scrubJson'>;
  /** File of the worker; undefined: the tests run in this thread, as Node 20 starts no TypeScript. */
  readonly worker: URL | undefined;
}

export const TIMEOUT_MS = 60_000;
export const MAX_HEAP_MB = 512;

/** File of the worker in the built program. */
export const RULE_TESTS_WORKER = import.meta.url.endsWith('.js')
  ? new URL('./rule-tests-worker.js', import.meta.url)
  : undefined;

/** Runs the tests of the live rules when they are asked for, once at a time: calls during a run get its result. */
export class RuleTests {
  readonly #deps: RuleTestsDeps;
  readonly #stopping = new AbortController();
  #running: Promise<RuleTestsView> | undefined;
  #last: RuleTestsView | undefined;

  constructor(deps: RuleTestsDeps) {
    this.#deps = deps;
  }

  /** Result for the live rules; undefined when their tests were not run yet. */
  get last(): RuleTestsView | undefined {
    return this.#last?.generation === this.#deps.live.generation ? this.#last : undefined;
  }

  /** Rejects with `rules.tests_unfinished` (503) if the tests take too long or too much memory. */
  run(): Promise<RuleTestsView> {
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  /** Ends a run. */
  async close(): Promise<void> {
    this.#stopping.abort();
    await this.#running?.catch(() => undefined);
  }

  async #run(): Promise<RuleTestsView> {
    const { live, env, clock, scrubber, worker } = this.#deps;
    const { root, generation } = live;
    const input = { root, env, texts: live.texts.map(({ file, text }) => ({ file, text })) };
    const at = rfc3339(clock.now());
    const { results, problems } =
      worker === undefined ? await inThisThread(input) : await this.#inWorker(input, worker);
    const passed = results.filter(({ ok }) => ok).length;
    const counts = { tests: results.length, passed, failed: results.length - passed };
    this.#last = scrubber.scrubJson({ generation, at, ...counts, results, problems });
    return this.#last;
  }

  async #inWorker(input: RuleTestsInput, script: URL): Promise<RuleTestsOutput> {
    const worker = new Worker(script, {
      workerData: input,
      resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB },
      stdout: true,
      stderr: true,
    });
    const done = new AbortController();
    const end = AbortSignal.any([done.signal, this.#stopping.signal]);
    try {
      const output = new Promise<RuleTestsOutput>((resolve, reject) => {
        worker.once('message', resolve);
        worker.once('error', reject);
        worker.once('exit', () => reject(new Error('the thread ended')));
      });
      const timeout = pause(this.#deps.clock, TIMEOUT_MS, end).then(() => {
        throw new Error(
          this.#stopping.signal.aborted ? 'the daemon stops' : `they take longer than ${TIMEOUT_MS / 1000} s`,
        );
      });
      return await Promise.race([output, timeout]);
    } catch (error) {
      throw new BelfryError(
        'rules.tests_unfinished',
        `the tests of the rules did not end: ${(error as Error).message}; run \`belfry test\``,
        { cause: error },
      );
    } finally {
      done.abort();
      await worker.terminate();
    }
  }
}

async function inThisThread(input: RuleTestsInput): Promise<RuleTestsOutput> {
  const { runRuleTests } = await import('./run-rule-tests.ts');
  return runRuleTests(input);
}
