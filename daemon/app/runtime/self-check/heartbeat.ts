import { failureOf, type HttpAnswer, isSuccess } from '../../../channels/kit/http/failures.ts';
import type { HttpClient } from '../../../channels/kit/http/client.ts';
import { AttemptDeadline } from '../../../channels/kit/http/exchange/record.ts';
import { SendFailure } from '../../../core/problems/failure.ts';
import type { DaemonSettings, HeartbeatSettings, NetworkSettings } from '../../../core/ruleset.ts';
import { isJson, isObject, parseJson } from '../../../core/values/json.ts';
import { faultLog } from '../../../lib/faults.ts';
import type { Log } from '../../../lib/log.ts';
import type { Clock } from '../../../lib/time/clock.ts';

/** Client of the heartbeat. */
export interface BeatClient {
  readonly http: Pick<HttpClient, 'request'>;
  close(): Promise<void>;
}

export interface HeartbeatDeps {
  /** `daemon:` of the live rules. */
  readonly settings: () => DaemonSettings;
  readonly clock: Clock;
  readonly log: Log;
  readonly open: (network: NetworkSettings) => BeatClient;
  /** Counts a beat. */
  readonly onBeat: (result: 'ok' | 'failed') => void;
}

const TIMEOUT_MS = 10_000;
/** Longest wait after a beat that failed, so that one lost answer makes no alarm. */
const RETRY_MS = 10_000;
/** Beats are sent in the rounds of the self-check; a round this early counts, so that `every: 1s` does not become 2 s. */
const EARLY_MS = 500;

interface Opened {
  readonly settings: HeartbeatSettings;
  readonly client: BeatClient;
  /** Monotonic milliseconds. */
  dueAt: number;
}

/**
 * Sends the beats of `daemon.heartbeat` to an outside watcher. It beats only when the self-check says that the daemon
 * works, one request at a time. A stop sends nothing: a restart is shorter than the grace of the watcher, and a stop that lasts is
 * what the watcher is to report.
 */
export class Heartbeat {
  readonly #deps: HeartbeatDeps;
  readonly #noteFault: (text: string | undefined) => void;
  readonly #closed = new AbortController();
  #opened: Opened | undefined;
  #beating: Promise<void> | undefined;
  #fault: string | undefined;

  constructor(deps: HeartbeatDeps) {
    this.#deps = deps;
    this.#noteFault = faultLog(deps.log, 'heartbeat: the watcher gets the beats again');
  }

  /** Failure of the last beat; undefined if it reached the watcher. */
  get fault(): string | undefined {
    return this.#fault;
  }

  /** The daemon works: sends a beat if one is due. Called in each round of the self-check. */
  working(): void {
    if (this.#closed.signal.aborted || this.#beating !== undefined) return;
    const { clock } = this.#deps;
    const opened = this.#current();
    if (opened === undefined || clock.monotonic() < opened.dueAt - EARLY_MS) return;
    this.#beating = this.#beat(opened).finally(() => (this.#beating = undefined));
  }

  async close(): Promise<void> {
    this.#closed.abort();
    await this.#beating;
    await this.#opened?.client.close();
  }

  /** The client for the settings in force, which is opened again when they have changed. */
  #current(): Opened | undefined {
    const { settings: settingsOf, open } = this.#deps;
    const { heartbeat: settings, egress, proxy } = settingsOf();
    const before = this.#opened;
    if (before?.settings.fingerprint === settings?.fingerprint) return before;
    void before?.client.close();
    if (settings === undefined) {
      this.#opened = undefined;
      this.#note(undefined);
      return undefined;
    }
    const network = { ...(egress !== undefined && { egress }), ...(proxy !== undefined && { proxy }) };
    this.#opened = { settings, client: open(network), dueAt: 0 };
    return this.#opened;
  }

  async #beat(opened: Opened): Promise<void> {
    const { clock, onBeat } = this.#deps;
    const { settings, client } = opened;
    const began = clock.monotonic();
    const failure = await this.#send(client, settings.url.reveal());
    if (this.#closed.signal.aborted) return;
    opened.dueAt = began + (failure === undefined ? settings.every : Math.min(settings.every, RETRY_MS));
    onBeat(failure === undefined ? 'ok' : 'failed');
    this.#note(failure && `heartbeat: the watcher did not get the last beat: ${failure.message} (${failure.code})`);
  }

  async #send({ http }: BeatClient, url: string): Promise<SendFailure | undefined> {
    const { clock } = this.#deps;
    const ending = new AttemptDeadline(clock, TIMEOUT_MS, this.#closed.signal);
    try {
      return refusalOf(await http.request({ url, method: 'GET', ending }), clock.now());
    } catch (error) {
      if (error instanceof SendFailure) return error;
      return new SendFailure('unknown', 'internal', (error as Error).message, { cause: error });
    } finally {
      ending.close();
    }
  }

  #note(text: string | undefined): void {
    this.#fault = text;
    this.#noteFault(text);
  }
}

/** Healthchecks answers 200 also for a check that does not exist, with `OK (not found)`; Uptime Kuma has `ok` in its JSON. */
function refusalOf(answer: HttpAnswer, now: number): SendFailure | undefined {
  if (!isSuccess(answer.status)) return failureOf(answer, now);
  if (!/\(not found\)/.test(answer.text) && !saysNo(answer.text)) return undefined;
  return new SendFailure('permanent', 'heartbeat.unknown', 'the watcher does not know this address');
}

function saysNo(text: string): boolean {
  if (!isJson(text)) return false;
  const json = parseJson(text);
  return isObject(json) && json.ok === false;
}
