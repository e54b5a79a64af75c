import path from 'node:path';
import { stat } from 'node:fs/promises';
import type { ChannelConfig } from '../../../core/ruleset.ts';
import { RulesRefused, type UnsavedCheck, type UnsavedRules } from '../../../core/explain/unsaved.ts';
import type { EventInput } from '../../../core/event/event.ts';
import { BelfryError, withLevel } from '../../../core/problems/failure.ts';
import type { UnsavedApi, UnsavedExplanation } from '../../../http/api/unsaved.ts';
import type { Clock } from '../../../lib/time/clock.ts';
import { listRulesFiles, readRulesFile } from '../../../reload/files.ts';
import type { Live } from '../../../reload/live.ts';
import type { RulesText } from '../../../reload/load.ts';
import type { Store } from '../../../store/store.ts';
import { Backtests } from './backtests.ts';
import type { PluginTypeData, Reply, Request, RulesInput } from './protocol.ts';
import { openThread } from './thread.ts';

export interface UnsavedDeps {
  readonly live: Pick<Live, 'ruleset' | 'root' | 'texts'>;
  readonly store: Pick<Store, 'event' | 'events' | 'deliveries' | 'memory'>;
  readonly clock: Clock;
}

/** Time for compiling rules, and for one explanation. */
export const COMPILE_TIMEOUT_MS = 10_000;
/** Checks and explanations at the same time; each has a thread. */
export const MAX_THREADS = 4;

/** Checks, explains and replays rules that are in no file. Nothing is sent, and no state changes. */
export function unsavedRules(deps: UnsavedDeps): UnsavedApi {
  const { store, clock } = deps;
  let running = 0;
  /** Asks a new thread once. */
  const askOnce = async (request: Request, signal: AbortSignal): Promise<Reply> => {
    if (running >= MAX_THREADS)
      throw new BelfryError('rules.busy', 'too many rules are being checked at this moment; try again in a second');
    running += 1;
    try {
      const thread = await openThread(clock, signal);
      try {
        return await thread.ask(request, COMPILE_TIMEOUT_MS);
      } finally {
        thread.close();
      }
    } finally {
      running -= 1;
    }
  };
  const backtests = new Backtests({ ...deps, inputOf: (rules) => inputOf(rules, deps.live) });
  return {
    async check(rules, signal): Promise<UnsavedCheck> {
      const reply = await askOnce({ kind: 'check', rules: await inputOf(rules, deps.live) }, signal);
      if (reply.kind !== 'checked') throw new Error(`a check was answered by ${reply.kind}`);
      return reply.check;
    },
    async explain({ rules, event, id, rule, at = clock.now() }, signal) {
      const stored = id === undefined ? undefined : await store.event(id);
      const given = stored?.event ?? event;
      if (given === undefined) return undefined;
      const input = await inputOf(rules, deps.live);
      const request = { kind: 'explain', rules: input, event: given, rule, at, now: clock.now() } as const;
      return explained(await askOnce(request, signal), given);
    },
    backtest: (request, signal) => backtests.run(request, signal),
  };
}

function explained(reply: Reply, event: EventInput): UnsavedExplanation {
  if (reply.kind === 'refused') return { valid: false, problems: reply.problems, event, rules: [] };
  if (reply.kind === 'too_large')
    throw new BelfryError('rules.too_large', 'the explanation has more than 8 MB; leave rules out, or name one `rule`');
  if (reply.kind !== 'explained') throw new Error(`an explanation was answered by ${reply.kind}`);
  return { valid: true, problems: reply.warnings, ...reply.explanation };
}

/** The live files for an unsaved text; without a text the files on disk. Rejects with `RulesRefused` if one cannot be read. */
async function inputOf(unsaved: UnsavedRules | undefined, live: UnsavedDeps['live']): Promise<RulesInput> {
  const { root } = live;
  const isFile = await stat(root).then(
    (found) => found.isFile(),
    () => false,
  );
  return {
    folder: path.resolve(isFile ? path.dirname(root) : root),
    files: unsaved === undefined ? await textsOnDisk(root) : live.texts.map(({ file, text }) => ({ file, text })),
    ...(unsaved !== undefined && { unsaved }),
    pluginTypes: pluginTypes(live.ruleset.channels.values()),
  };
}

async function textsOnDisk(root: string): Promise<readonly RulesText[]> {
  const { files, problems } = await listRulesFiles(root);
  const texts: RulesText[] = [];
  const found = [...problems];
  for (const file of files) {
    const read = await readRulesFile(file);
    if (read.ok) texts.push({ file, text: read.text });
    else found.push(read.problem);
  }
  if (found.length > 0) throw new RulesRefused(withLevel('error', found));
  return texts;
}

function pluginTypes(channels: Iterable<ChannelConfig>): readonly PluginTypeData[] {
  const types = [...channels].flatMap(({ pluginType }) => pluginType ?? []);
  return [...new Set(types)].map(({ type, summary, documentation, limits, idempotent, settings }) => ({
    type,
    summary,
    documentation,
    limits,
    idempotent,
    settings: JSON.parse(JSON.stringify(settings)) as object,
  }));
}
