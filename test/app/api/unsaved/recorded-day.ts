import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { unsavedRules } from '../../../../daemon/app/api/unsaved/unsaved-rules.ts';
import { decide } from '../../../../daemon/core/flow/decide.ts';
import type { Decision, Memory } from '../../../../daemon/core/flow/decision.ts';
import { select } from '../../../../daemon/core/flow/select.ts';
import { decideWake } from '../../../../daemon/core/flow/wake.ts';
import type { Json } from '../../../../daemon/core/values/json.ts';
import type { BacktestRequest, BacktestResult } from '../../../../daemon/http/daemon-api.ts';
import { newId } from '../../../../daemon/lib/id.ts';
import { VirtualClock } from '../../../../daemon/simulation/virtual-clock.ts';
import { openStore } from '../../../../daemon/store/sqlite/sqlite.ts';
import { compileInput } from '../../../../daemon/app/api/unsaved/compile.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

let starts = Date.UTC(2026, 10, 23, 9);

/** Rules with a store, of which the core decides events at times that the test sets. */
export async function openHistory(text: string) {
  // Ids of one process only rise, and rows are numbered by them.
  const start = (starts += 30 * 86_400_000);
  const clock = new VirtualClock(start);
  const root = await temporaryFolder();
  const files = [{ file: path.join(root, 'rules.yaml'), text }];
  await writeFile(files[0]!.file, text);
  const { ruleset } = await compileInput({ folder: root, files, pluginTypes: [] });
  if (ruleset === undefined) throw new Error('the rules of the test do not load');
  const store = await openStore({ path: ':memory:' });
  const ids = (): string => newId(clock.now());
  const contextOf = (memory: Memory) => ({ ruleset, memory, now: clock.now(), newId: ids });
  const until = async (time: number): Promise<void> => {
    for (let next = store.timers.next(); next !== undefined && next <= time; next = store.timers.next()) {
      clock.moveTo(next);
      for (const place of store.timers.due(clock.now(), 1000))
        await store.applyDecision(clock.now(), (memory) => decideWake(place, contextOf(memory)));
    }
    clock.moveTo(time);
  };
  const emit = async (at: number, type: string, data: Json): Promise<Decision> => {
    await until(at);
    const now = clock.now();
    const event = { id: ids(), source: 'api', type, time: new Date(now).toISOString(), data };
    const [accepted] = await store.transact({ arrivals: [{ event, mayRepeat: false }], now }, (taken, memory) =>
      decide(taken, select(taken, ruleset, now), contextOf(memory)),
    );
    return accepted!.decision!;
  };
  const api = unsavedRules({ store, clock, live: { ruleset, root, texts: files } });
  const backtest = async (request: BacktestRequest): Promise<BacktestResult> => {
    let last: unknown;
    for await (const line of api.backtest(request, new AbortController().signal)) last = line;
    return last as BacktestResult;
  };
  return { start, clock, store, api, until, emit, backtest, close: () => store.close() };
}
