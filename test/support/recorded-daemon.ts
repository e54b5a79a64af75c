import { createHash } from 'node:crypto';
import type { DoctorFinding } from '../../daemon/core/problems/doctor.ts';
import type { DeadLetter, Receipt } from '../../daemon/core/delivery/delivery.ts';
import type { EventInput } from '../../daemon/core/event/event.ts';
import type { HoldRequest } from '../../daemon/core/delivery/hold.ts';
import type { Explanation } from '../../daemon/core/explain/explain.ts';
import type { DeadEdit } from '../../daemon/core/delivery/dead-edit.ts';
import type { ResendLine, ResendRequest } from '../../daemon/core/delivery/resend.ts';
import type { RerunLine, RerunRequest } from '../../daemon/http/api/rerun.ts';
import type { AuditEntry } from '../../daemon/core/audit/entry.ts';
import type { Token } from '../../daemon/core/ruleset.ts';
import type {
  AuditLogApi,
  ButtonApi,
  ChannelTestRequest,
  ChannelTestView,
  DaemonApi,
  DeliveryView,
  Doctor,
  EventView,
  ExplainRequest,
  FeedItem,
  HistoryRequest,
  IdentityApi,
  DeadLetterEdited,
  EditOptions,
  JobsApi,
  JobView,
  RefusedLogin,
  StatusView,
} from '../../daemon/http/daemon-api.ts';
import { consoleLogins } from '../../daemon/app/identity/logins.ts';
import { memorySessions } from './sessions.ts';
import { sessionTokens } from '../../daemon/app/identity/session-token.ts';
import { systemClock } from '../../daemon/lib/time/clock.ts';
import type { HookRoute } from '../../daemon/sources/source.ts';
import { RecordedAlertActions } from './alert-actions.ts';

export function tokenOf(name: string, token: string, ...scopes: readonly string[]): Token {
  return { name, scopes, hash: createHash('sha256').update(token).digest('hex') };
}

export const SAMPLE_DELIVERY: DeliveryView = {
  id: 'd-1',
  event: 'e-1',
  rule: 'backups',
  channel: 'ops',
  key: '',
  state: 'delivered',
  attempts: [{ at: '2026-11-23T09:00:00.000Z', ms: 12 }],
  receipt: { status: 200, answer: 'ok' },
  created_at: '2026-11-23T09:00:00.000Z',
};

export const SAMPLE_EVENT: EventView = {
  id: 'e-1',
  source: 'api',
  type: 'backup.failed',
  time: '2026-11-23T09:00:00.000Z',
  received_at: '2026-11-23T09:00:00.000Z',
  outcomes: { backups: 'sent' },
  deliveries: [SAMPLE_DELIVERY],
};

export const SAMPLE_JOB: JobView = {
  id: 'j-1',
  kind: 'dead.resend',
  state: 'running',
  by: 'ann',
  started_at: '2026-11-23T09:00:00.000Z',
  eta: '2026-11-23T09:00:02.000Z',
  request: { all: true },
  total: 3,
  done: 2,
  delivered: 1,
  failed: 1,
  left: 1,
  results: { delivered: 1, dead: 1 },
  channels: [{ channel: 'ops', total: 3, done: 2, failed: 1 }],
  failures: [{ id: 'd-2', channel: 'ops', code: 'http.422', message: 'not understood' }],
};

const SAMPLE_STATUS: StatusView = {
  version: '0.1.0',
  pid: 1,
  config: '/etc/belfry',
  state: '/var/lib/belfry',
  started_at: '2026-11-23T09:00:00.000Z',
  generation: 3,
  ready: true,
  reasons: [],
  files: [],
  sources: [],
  channels: [],
  deliveries: { pending: 0, sending: 0, held: 0, delivered: 1, dead: 0 },
  alerts: { firing: 0, acknowledged: 0 },
  silences: { active: 0, list: [] },
  waiting: { for: 0, hours: 0, digest: 0, threshold: 0, list: [] },
  instances: [],
  warnings: [],
};

/** Daemon API in memory, with answers set by the test, that records its calls. */
export class RecordedDaemon implements DaemonApi {
  readonly accepted: { readonly events: readonly EventInput[]; readonly options: unknown }[] = [];
  /** Calls that change something: `hold ops`, `drop d-1`. */
  readonly calls: string[] = [];
  readonly waits: { readonly ids: readonly string[]; readonly ms: number; readonly signal: AbortSignal }[] = [];
  readonly resends: { request: ResendRequest; by: string | undefined; signal: AbortSignal }[] = [];
  readonly hooks = new Map<string, HookRoute>();
  readonly listeners = new Set<(item: FeedItem) => void>();
  known: Token[] = [];
  /** `daemon.origins` */
  listed: string[] = [];
  /** `daemon.public_url` */
  reachedBy: string | undefined;
  bodyLimit = 262_144;
  connectionsPerAddress = 64;
  /** Findings of the doctor. */
  findings: DoctorFinding[] = [];
  /** Error that `accept` rejects with. */
  refusal: Error | undefined;
  letters: DeadLetter[] = [];
  /** Answer of `retryDelivery`. */
  isDue = true;
  ready: { readonly ready: boolean; readonly reasons: readonly string[] } = { ready: true, reasons: [] };
  current: StatusView = SAMPLE_STATUS;
  onWait: (signal: AbortSignal) => Promise<readonly DeliveryView[]> = async () => [SAMPLE_DELIVERY];
  outcomes: Readonly<Record<string, string>> = { backups: 'notified' };
  buttons: ButtonApi = {
    isSigned: () => false,
    look: () => Promise.resolve({ kind: 'unknown' }),
    press: () => Promise.resolve({ kind: 'unknown' }),
  };
  readonly explained: ExplainRequest[] = [];
  readonly asked: HistoryRequest[] = [];
  onExplain: DaemonApi['explain'] = () => Promise.resolve(undefined);
  onResend: (signal: AbortSignal) => AsyncIterable<ResendLine> = async function* () {};

  /** Sessions of the console, and whether a login stored them. */
  readonly sessions = memorySessions(systemClock);
  /** Lines of the audit log. */
  readonly audited: AuditEntry[] = [];
  readonly refusedLogins: RefusedLogin[] = [];
  readonly auditLog: AuditLogApi = {
    record: async (entry) => void this.audited.push(entry),
    refused: (refused) => void this.refusedLogins.push(refused),
    page: async () => ({ entries: [] }),
    chain: async () => ({ lines: 0, ok: true }),
  };
  /** Uses of tokens: `root 127.0.0.1`. */
  readonly uses: string[] = [];
  readonly identity: IdentityApi = {
    used: ({ name }, address) => void this.uses.push(`${name} ${address ?? 'socket'}`),
    list: async () => ({ tokens: [], sessions: [] }),
    endSession: (id) => this.sessions.end(id),
  };

  /** `daemon.console` */
  isConsoleOn = true;
  readonly console = consoleLogins({
    sessions: sessionTokens(Buffer.alloc(32, 7)),
    known: this.sessions,
    tokens: () => this.known,
    isOn: () => this.isConsoleOn,
    clock: systemClock,
  });

  readonly webPush: DaemonApi['webPush'] = {
    publicKey: () => Promise.resolve('BPublicKey'),
    subscribe: async (user, { endpoint, page }) => void this.calls.push(`subscribe ${user} ${endpoint} ${page}`),
    end: async (user, endpoint) => this.calls.push(`end ${user} ${endpoint}`) > 0 && endpoint.endsWith('/known'),
  };

  async accept(events: readonly EventInput[], options?: unknown) {
    if (this.refusal !== undefined) throw this.refusal;
    this.accepted.push({ events, options });
    return events.map((event, index) => ({ id: event.id ?? `e-${index + 1}`, duplicate: false }));
  }

  async wait(ids: readonly string[], ms: number, signal: AbortSignal) {
    this.waits.push({ ids, ms, signal });
    const deliveries = await this.onWait(signal);
    return { outcomes: ids.map(() => this.outcomes), deliveries };
  }

  hookRoute(path: string) {
    return this.hooks.get(path);
  }

  async status() {
    return this.current;
  }

  readiness() {
    return this.ready;
  }

  async reload() {
    this.calls.push('reload');
    return {
      ok: true,
      generation: 4,
      added: ['a'],
      changed: [],
      removed: [],
      restart_needed: [],
      notes: [],
      problems: [],
    };
  }

  async check(paths?: readonly string[]) {
    this.calls.push(['check', ...(paths ?? [])].join(' '));
    return { valid: true, files: 1, rules: 2, problems: [], excerpt: () => undefined };
  }

  async explain(request: ExplainRequest): Promise<Explanation | undefined> {
    this.explained.push(request);
    return this.onExplain(request);
  }

  readonly unsaved: DaemonApi['unsaved'] = {
    check: async ({ base }) => ({ valid: base, files: 1, rules: 1, problems: [] }),
    explain: () => Promise.resolve(undefined),
    async *backtest() {
      yield { progress: 0.5, events: 1, at: '2026-11-23T09:00:00.000Z' };
    },
  };

  readonly alertActions = new RecordedAlertActions();
  rules: DaemonApi['rules'] = {
    page: () => Promise.resolve({ generation: 3, total: 0, rules: [], next: null, problems: [] }),
    rule: () => Promise.resolve(undefined),
    generations: () => Promise.resolve([]),
    test: () =>
      Promise.resolve({
        generation: 3,
        at: '2026-11-23T09:00:00.000Z',
        tests: 0,
        passed: 0,
        failed: 0,
        results: [],
        problems: [],
      }),
  };

  async silences() {
    return this.alertActions.known.map((silence) => ({ matched_30d: false, ...silence }));
  }

  async alerts(rule?: string) {
    return this.alertActions.alerts(rule);
  }

  async channels() {
    return [{ name: 'ops', type: 'log', state: 'ok' as const, pending: 0, held: 0, sending: 0 }];
  }

  sources() {
    return this.current.sources;
  }

  readonly tested: (ChannelTestRequest | undefined)[] = [];

  async testChannel(
    name: string,
    _signal: AbortSignal,
    request?: ChannelTestRequest,
  ): Promise<ChannelTestView | undefined> {
    this.tested.push(request);
    return name === 'ops' ? { channel: name, ok: true, receipt: { answer: 'written' }, ms: 3 } : undefined;
  }

  /** Requests of holds. */
  readonly holds: HoldRequest[] = [];

  async hold(name: string, request: HoldRequest) {
    this.calls.push(`hold ${name}`);
    this.holds.push(request);
    const { ms, ...rest } = request;
    const at = '2026-11-23T09:00:00.000Z';
    const until = ms === undefined ? {} : { until: new Date(Date.parse(at) + ms).toISOString() };
    return name === 'ops' ? { at, ...until, ...rest } : undefined;
  }

  async release(name: string, by?: string) {
    this.calls.push(by === undefined ? `release ${name}` : `release ${name} by ${by}`);
    return name === 'ops';
  }

  async events(request: HistoryRequest) {
    this.asked.push(request);
    return { items: [SAMPLE_EVENT], next: 'more' };
  }

  async deliveries(request: HistoryRequest) {
    this.asked.push(request);
    return { items: [SAMPLE_DELIVERY] };
  }

  async event(id: string) {
    return id === SAMPLE_EVENT.id ? SAMPLE_EVENT : undefined;
  }

  async delivery(id: string) {
    return id === SAMPLE_DELIVERY.id ? SAMPLE_DELIVERY : undefined;
  }

  async retryDelivery(id: string) {
    this.calls.push(`retry ${id}`);
    return id === SAMPLE_DELIVERY.id ? { isDue: this.isDue, delivery: SAMPLE_DELIVERY } : undefined;
  }

  async *dead() {
    yield* this.letters;
  }

  async *rerun(request: RerunRequest, { by }: { readonly by: string | undefined }): AsyncIterable<RerunLine> {
    this.calls.push(`rerun ${JSON.stringify({ ...request, by })}`);
    yield { rerun: 0, failed: 0 };
  }

  resend(request: ResendRequest, { by, signal }: { readonly by: string | undefined; readonly signal: AbortSignal }) {
    this.resends.push({ request, by, signal });
    return this.onResend(signal);
  }

  readonly jobs: JobsApi = {
    list: () => [SAMPLE_JOB],
    find: (id) => (id === SAMPLE_JOB.id ? SAMPLE_JOB : undefined),
    change: (id, verb, by) => {
      this.calls.push(`${verb} ${id} by ${by}`);
      return this.jobs.find(id);
    },
  };

  edits: { id: string; edit: DeadEdit; options: EditOptions }[] = [];

  async deadLetter(id: string) {
    const record = this.letters.find((letter) => letter.id === id);
    return record && { record, etag: '"1"' };
  }

  async editDeadLetter(id: string, edit: DeadEdit, options: EditOptions): Promise<DeadLetterEdited> {
    this.edits.push({ id, edit, options });
    const found = await this.deadLetter(id);
    if (found === undefined) return { kind: 'none' };
    const { ifMatch = found.etag } = options;
    return ifMatch === found.etag
      ? { kind: 'edited', record: found.record, etag: '"2"' }
      : { kind: 'changed', ...found };
  }

  async drop(id: string) {
    this.calls.push(`drop ${id}`);
    return id === 'd-1';
  }

  async *backup(): AsyncGenerator<Buffer> {
    this.calls.push('backup');
    yield Buffer.from('part 1, ');
    yield Buffer.from('part 2');
  }

  async audit() {
    return { events: { sent: 1 }, deliveries: { delivered: 1 }, violations: [] };
  }

  readonly doctor: Doctor = {
    examine: async () => ({ ok: this.findings.every(({ level }) => level !== 'fail'), findings: this.findings }),
    markSeen: async (name, seen) => {
      this.calls.push(`seen ${name} ${seen}`);
      return name === 'ops';
    },
  };

  feed(listener: (item: FeedItem) => void) {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  async acknowledged(deliveries: readonly string[], receipt: Receipt) {
    this.calls.push(`acknowledged ${deliveries.join(' ')} ${receipt.id ?? ''}`);
  }

  tokens() {
    return this.known;
  }

  origins() {
    return this.listed;
  }

  publicUrl() {
    return this.reachedBy;
  }

  limits() {
    return { body: this.bodyLimit, connectionsPerAddress: this.connectionsPerAddress };
  }
}
