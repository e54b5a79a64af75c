import { completeEvent } from '../../../core/event/event.ts';
import { explain, NO_MEMORY } from '../../../core/explain/explain.ts';
import type { NewDelivery } from '../../../core/flow/decision.ts';
import { newId } from '../../../lib/id.ts';
import type { Scrubber } from '../../../lib/secrets/scrubber.ts';
import { type ComparedMessage, Comparison, messageOf } from '../../../simulation/comparison.ts';
import { Replay } from '../../../simulation/replay.ts';
import { compileInput } from './compile.ts';
import { withPreviews } from './previews.ts';
import type { HistoryPage, Reply, Request } from './protocol.ts';

type RequestOf<K extends Request['kind']> = Extract<Request, { readonly kind: K }>;

/** Characters of an explanation: the daemon masks and sends it in one piece, and does nothing else meanwhile. */
const MAX_EXPLANATION_CHARS = 8 * 1024 * 1024;

/** Delayed messages that are remembered, in case their alert ends before. */
const FIRST_SWEEP_SIZE = 10_000;

/** Carries out the requests about unsaved rules, one after another. A replay begins, gets its pages, and ends. */
export class UnsavedHandler {
  #backtest: RunningBacktest | undefined;

  async handle(request: Request): Promise<Reply> {
    switch (request.kind) {
      case 'check':
        return await check(request);
      case 'explain':
        return await explainEvent(request);
      case 'begin':
        return await this.#begin(request);
      case 'page':
        this.#backtest?.add(request.page);
        return { kind: 'done' };
      case 'end':
        return { kind: 'compared', rules: this.#backtest?.end() ?? [] };
    }
  }

  async #begin(request: RequestOf<'begin'>): Promise<Reply> {
    const { ruleset, problems, scrubber } = await compileInput(request.rules);
    if (ruleset === undefined) return { kind: 'refused', problems };
    if (request.rule !== undefined && !ruleset.byName.has(request.rule)) return { kind: 'no_rule' };
    this.#backtest = new RunningBacktest(request, ruleset, scrubber);
    return { kind: 'done' };
  }
}

async function check({ rules: input }: RequestOf<'check'>): Promise<Reply> {
  const { ruleset, files, rules, problems } = await compileInput(input);
  return { kind: 'checked', check: { valid: ruleset !== undefined, files, rules, problems } };
}

async function explainEvent({ rules, event, rule, at, now }: RequestOf<'explain'>): Promise<Reply> {
  const { ruleset, problems, scrubber } = await compileInput(rules);
  if (ruleset === undefined) return { kind: 'refused', problems };
  const ids = (): string => newId(now);
  const explanation = explain(completeEvent(event, at, ids), {
    ruleset,
    memory: NO_MEMORY,
    now: at,
    newId: ids,
    hide: (text) => scrubber.scrub(text),
    ...(rule !== undefined && { only: rule }),
  });
  const shown = await withPreviews(explanation, ruleset, at);
  if (JSON.stringify(shown).length > MAX_EXPLANATION_CHARS) return { kind: 'too_large' };
  return { kind: 'explained', explanation: scrubber.scrubJson(shown), warnings: problems };
}

/** A replay of the history and its comparison with what was sent. */
class RunningBacktest {
  readonly #range: RequestOf<'begin'>;
  readonly #rules: readonly string[];
  readonly #replay: Replay;
  readonly #comparison = new Comparison();
  /** Messages of the replay that are not sent yet, by the id of their delivery. */
  readonly #delayed = new Map<string, { readonly message: ComparedMessage; readonly dueAt: number }>();
  #sweepAt = FIRST_SWEEP_SIZE;

  constructor(
    range: RequestOf<'begin'>,
    ruleset: ConstructorParameters<typeof Replay>[0]['ruleset'],
    scrubber: Scrubber,
  ) {
    this.#range = range;
    this.#rules = range.rule === undefined ? ruleset.rules.map(({ name }) => name) : [range.rule];
    this.#replay = new Replay({
      ruleset,
      at: range.from,
      onDelivery: (created) => this.#made(created),
      onCancel: (id) => this.#cancelled(id),
      onError: (rule, errors) => {
        if (this.#isCompared(rule)) this.#comparison.error(rule, scrubber.scrub(errors[0]!));
      },
    });
    for (const silence of range.silences) this.#replay.silence(silence);
  }

  add({ events, sent }: HistoryPage): void {
    for (const { event, at } of events) this.#replay.event(event, at);
    for (const message of sent) if (this.#isCompared(message.rule)) this.#comparison.add('was', message);
  }

  end() {
    // Messages of the last instant belong to the time after it.
    this.#replay.advance(this.#range.until - 1);
    return this.#comparison.results(this.#rules);
  }

  /** All rules are compared if the rules are those of the whole daemon, otherwise only those of the text. */
  #isCompared(rule: string): boolean {
    const { rules, rule: only } = this.#range;
    if (only !== undefined) return rule === only;
    return rules.unsaved?.base !== false || this.#rules.includes(rule);
  }

  #made({ delivery, dueAt }: NewDelivery): void {
    const { since, until } = this.#range;
    const { id, rule, createdAt } = delivery;
    if (createdAt < since || createdAt >= until || !this.#isCompared(rule)) return;
    const message = messageOf(delivery);
    this.#comparison.add('would', message);
    if (dueAt <= createdAt) return;
    this.#delayed.set(id, { message, dueAt });
    if (this.#delayed.size < this.#sweepAt) return;
    for (const [known, one] of this.#delayed) if (one.dueAt <= createdAt) this.#delayed.delete(known);
    this.#sweepAt = Math.max(FIRST_SWEEP_SIZE, this.#delayed.size * 2);
  }

  #cancelled(id: string): void {
    const delayed = this.#delayed.get(id);
    if (delayed === undefined) return;
    this.#delayed.delete(id);
    this.#comparison.withdraw('would', delayed.message);
  }
}
