import { inspect } from 'node:util';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ChannelTools, type ChannelType, type Notifier, type SendIo } from '../../daemon/channels/channel.ts';
import { MESSAGE_PARTS, type MessagePart } from '../../daemon/core/compile/registry.ts';
import { escapeFor } from '../../daemon/core/message/escape.ts';
import { SendFailure } from '../../daemon/core/problems/failure.ts';
import type { Format, Message } from '../../daemon/core/message/message.ts';
import { partsOf, type Schema, schemaOf } from '../../daemon/core/schema/json-schema.ts';
import {
  channelTools,
  failureOfSending,
  memoryLog,
  sampleDelivery,
  sampleIo,
  sampleMessage,
} from '../support/delivery.ts';
import { decodeSettings } from '../support/channel-settings.ts';
import type { ServerAnswer } from '../support/test-server.ts';

/** Response to the next sends. `rateLimited` asks for a pause of 7 s. */
export type ResponseKind = 'success' | 'refusal' | 'rateLimited' | 'serverError' | 'hang';

/** Receiver of the messages in a test: a server, a program, a directory. One per test. */
export interface Destination<A = ServerAnswer> {
  /** The channel's settings as in YAML, so that they reach this destination. */
  readonly settings: unknown;
  /** Tools for `open` besides the defaults of `channelTools` (an HTTP client ...). */
  readonly tools?: Partial<ChannelTools>;
  /** Only responses of cases that apply are asked for. */
  respondWith(kind: ResponseKind): void | Promise<void>;
  /** Answers the next sends with a documented refusal. */
  refuseWith?(answer: A): void | Promise<void>;
  /** Messages that arrived so far, one text per send, decoded as a reader would decode them. */
  received(): readonly string[] | Promise<readonly string[]>;
  /** Resolves when `count` sends have arrived. */
  arrived?(count: number): Promise<void>;
  close(): Promise<void>;
}

/** A case that cannot happen on this channel. */
export interface NotApplicable {
  readonly notApplicable: string;
}

export interface ExpectedFailure {
  readonly class: SendFailure['class'];
  readonly code: string;
  readonly misconfigured?: boolean;
  /** Milliseconds. */
  readonly retryAfter?: number;
  readonly rateLimited?: boolean;
}

/** A refusal of the provider's documentation; the public table of refusals is made of these. */
export interface DocumentedRefusal<A = ServerAnswer> extends ExpectedFailure {
  /** Cause in a few words: `the token is revoked`. */
  readonly when: string;
  /** The provider's answer. */
  readonly answer: A;
  /** Advice for the user: `make a new token`. */
  readonly mend: string;
}

type Applies<T> = T | NotApplicable;

export interface ChannelContract<A = ServerAnswer> {
  readonly type: ChannelType;
  /** Way of sending, if the type has several: `webhook`, `bot`. */
  readonly variant?: string;
  /** Reason why nothing can be sent on this machine; the tests that send are skipped. */
  readonly unavailable?: string;
  openDestination(): Promise<Destination<A>>;
  /** Closes what all destinations share. */
  release?(): Promise<void>;
  /** Every refusal that the provider documents, at least three. */
  readonly refusals?: Applies<readonly DocumentedRefusal<A>[]>;
  /** Values in `settings` that must never show in an error, a receipt or a log line. */
  readonly secrets: readonly string[];
  /** Samples of parts that not every provider writes alike, such as `mention`. */
  readonly samples?: Readonly<Partial<Record<MessagePart, PartSample>>>;
  readonly cases: {
    /** The provider refuses in its own form, such as an error code inside a 200. */
    readonly refusal?: Applies<ExpectedFailure>;
    readonly rateLimited: Applies<Partial<ExpectedFailure>>;
    readonly serverError: Applies<Partial<ExpectedFailure>>;
    /** The provider takes the message and never answers; the attempt's deadline passes. */
    readonly hang: Applies<Partial<ExpectedFailure>>;
    /** Looks at what arrived of a message of half a megabyte; throws when it is broken. Not called when it was refused. */
    readonly oversize: Applies<(received: string) => void>;
    /** Looks at what arrived of hostile text; throws when it mentions, breaks out or adds a header. */
    readonly hostile: Applies<(received: string, sent: Message) => void>;
    /** Finds in what arrived the id by which a repeat can be known. */
    readonly sameId: Applies<(received: string) => string | undefined>;
  };
}

export const HOSTILE_LINES: readonly string[] = [
  'nul \u0000 beep \u0007 escape \u001B[31m',
  'lone \uD800 surrogates \uDC00 here',
  'bidi \u202Egnp.exe\u202C \u2066isolate\u2069',
  '@all @everyone @13800138000 <@all> <@U123> <!channel> <at id=all></at> <at user_id="all">x</at>',
  '[click](javascript:alert(1)) ![x](http://evil.test/x.png) **bold** `code` <b>tag</b> <script>alert(1)</script>',
  '# heading',
  '> quote',
  'quotes " \' \\ and {"json": true} ${HOME} $(id) `id` ; id | id && id',
  'Bcc: victim@example.com',
];

interface PartSample {
  readonly message: Partial<Message>;
  /** Text that arrives where the part is shown. */
  readonly shown: string;
}

const PART_SAMPLES = {
  tags: { message: { tags: ['tag-sample'] }, shown: 'tag-sample' },
  link: { message: { link: 'https://link.test/sample' }, shown: 'https://link.test/sample' },
  image: { message: { image: 'https://image.test/sample.png' }, shown: 'https://image.test/sample.png' },
  actions: {
    message: { actions: [{ label: 'Open', url: 'https://action.test/sample' }] },
    shown: 'action.test/sample',
  },
  fields: { message: { fields: { host: 'field-sample' } }, shown: 'field-sample' },
} satisfies Partial<Record<MessagePart, PartSample>>;

/** Text of an attacker; each line is one trick. */
export const HOSTILE = HOSTILE_LINES.join('\r\n');

export const applies = <T>(value: Applies<T>): value is T =>
  !(typeof value === 'object' && value !== null && 'notApplicable' in value);

/** The suite that every channel runs; the particular features of a channel have tests of their own. */
export function describeChannelContract<A>(contract: ChannelContract<A>): void {
  const { type, variant, unavailable } = contract;
  const suffix = variant === undefined ? '' : ` (${variant})`;
  describe(`${type.type}: contract of every channel${suffix}`, () => {
    describeSchema(type);
    describe.skipIf(unavailable !== undefined)(
      unavailable === undefined ? 'when it sends' : `when it sends (skipped: ${unavailable})`,
      () => {
        describeSending(contract);
        afterAll(async () => await contract.release?.());
      },
    );
  });
}

function describeSending<A>(contract: ChannelContract<A>): void {
  const { type, cases } = contract;
  let destination: Destination<A>;
  let notifier: Notifier;
  let lines: readonly string[];
  const shown: string[] = [];

  beforeEach(async () => {
    destination = await contract.openDestination();
    const memory = memoryLog();
    lines = memory.lines;
    notifier = type.open(
      decodeSettings(type, destination.settings),
      channelTools({ log: memory.log, ...destination.tools }),
    );
  });
  afterEach(async () => {
    shown.push(...lines);
    await notifier.close?.();
    await destination.close();
  });

  const io = (overrides: Partial<SendIo> = {}): SendIo =>
    sampleIo({ delivery: sampleDelivery({ channelType: type.type }), ...overrides });
  const show = (value: unknown): void =>
    void shown.push(inspect(value, { depth: 10, showHidden: true }), String(value));
  const failure = async (message: Message, sendIo: SendIo): Promise<SendFailure> => {
    const failed = await failureOfSending(notifier, message, sendIo);
    show(failed);
    show(failed.detail);
    return failed;
  };
  const onlyIf = <T>(given: Applies<T>, name: string, run: (given: T) => Promise<void>): void => {
    if (applies(given)) test(name, () => run(given));
    else test.skip(`${name} (does not apply: ${given.notApplicable})`);
  };

  test('an accepted message gives a receipt, and arrives once', async () => {
    await destination.respondWith('success');
    const receipt = await notifier.send(sampleMessage(), io());
    show(receipt);
    expect(receipt).toSatisfy(
      (proof: object) => 'awaiting' in proof || 'id' in proof || 'status' in proof || 'answer' in proof,
    );
    expect(await destination.received()).toHaveLength(1);
    const [arrived] = await destination.received();
    expect(arrived).toContain('Deploy failed: acme/api');
  });

  if (cases.refusal !== undefined) {
    onlyIf(cases.refusal, 'a refusal is a failure, also inside a 200', async (expected) => {
      await destination.respondWith('refusal');
      expectFailure(await failure(sampleMessage(), io()), expected);
    });
  }

  for (const refusal of documentedRefusals(contract)) {
    test(`refused because ${refusal.when}: ${refusal.class}, ${refusal.code}`, async () => {
      await destination.refuseWith!(refusal.answer);
      expectFailure(await failure(sampleMessage(), io()), { misconfigured: false, ...refusal });
    });
  }

  onlyIf(cases.rateLimited, 'a rate limit is transient, and its pause is kept', async (expected) => {
    await destination.respondWith('rateLimited');
    const failed = await failure(sampleMessage(), io());
    expectFailure(failed, { class: 'transient', retryAfter: 7000, ...expected });
    expect(failed.detail.rateLimited).toBe(true);
  });

  onlyIf(cases.serverError, 'an error of the server is transient', async (expected) => {
    await destination.respondWith('serverError');
    expectFailure(await failure(sampleMessage(), io()), { class: 'transient', ...expected });
  });

  onlyIf(cases.hang, 'without an answer until the deadline the outcome is unknown', async (expected) => {
    await destination.respondWith('hang');
    const deadline = new AbortController();
    const sending = failure(sampleMessage(), io({ signal: deadline.signal }));
    await destination.arrived!(1);
    deadline.abort(new DOMException('deadline', 'TimeoutError'));
    expectFailure(await sending, { class: 'unknown', ...expected });
  });

  test('a send that is aborted before it begins sends nothing, and may be tried again', async () => {
    await destination.respondWith('success');
    const failed = await failure(sampleMessage(), io({ signal: AbortSignal.abort(new Error('shutdown')) }));
    expect(failed.class).toBe('transient');
    expect(await destination.received()).toEqual([]);
  });

  onlyIf(
    cases.oversize,
    'a message that is too long is cut visibly, or refused, and never sent broken',
    async (check) => {
      await destination.respondWith('success');
      for (const format of ['text', 'markdown', 'html'] satisfies Format[]) {
        const before = (await destination.received()).length;
        const message = sampleMessage({
          format,
          title: '磁盘告警'.repeat(1000),
          body: '磁盘已满 **92%** 🔥\n'.repeat(20_000),
        });
        try {
          show(await notifier.send(message, io()));
        } catch (error) {
          expect(error).toBeInstanceOf(SendFailure);
          expect((error as SendFailure).class).toBe('permanent');
          continue;
        }
        const received = (await destination.received()).slice(before);
        expect(received).toHaveLength(1);
        check(received[0]!);
      }
    },
  );

  onlyIf(cases.hostile, 'hostile text cannot mention, break out or add a header', async (check) => {
    await destination.respondWith('success');
    const escape = type.escape ?? escapeFor;
    for (const format of ['text', 'markdown', 'html'] satisfies Format[]) {
      const before = (await destination.received()).length;
      const value = escape(HOSTILE, format);
      const message = sampleMessage({
        format,
        title: value,
        body: `before ${value} after`,
        tags: ['a\r\nb'],
        fields: { host: value },
      });
      show(await notifier.send(message, io()));
      const received = (await destination.received()).slice(before);
      expect(received).toHaveLength(1);
      check(received[0]!, message);
    }
  });

  onlyIf(cases.sameId, 'every attempt of a delivery carries the same id', async (idOf) => {
    await destination.respondWith('success');
    await notifier.send(sampleMessage(), io());
    await notifier.send(sampleMessage(), io({ attempt: 2 }));
    const ids = (await destination.received()).map(idOf);
    expect(ids[0]).toBeTruthy();
    expect(ids).toEqual([ids[0], ids[0]]);
  });

  test('the declared parts of a message arrive, and no others', async () => {
    await destination.respondWith('success');
    const arrives = async (overrides: Partial<Message>, sample: string): Promise<boolean> => {
      await notifier.send(sampleMessage(overrides), io());
      return (await destination.received()).at(-1)!.includes(sample);
    };
    const found: Partial<Record<MessagePart, boolean>> = {};
    for (const [part, { message, shown }] of Object.entries({ ...PART_SAMPLES, ...contract.samples }))
      found[part as MessagePart] = await arrives(message, shown);
    const expected = Object.keys(found).map((part) => [part, type.supports?.[part as MessagePart] !== undefined]);
    expect(found).toEqual(Object.fromEntries(expected));
  });

  test('no error, receipt or log line of the tests above shows a secret', () => {
    for (const secret of contract.secrets) expect(shown.filter((text) => text.includes(secret))).toEqual([]);
  });
}

export const documentedRefusals = <A>({ refusals }: ChannelContract<A>): readonly DocumentedRefusal<A>[] =>
  refusals !== undefined && applies(refusals) ? refusals : [];

function expectFailure(failed: SendFailure, expected: Partial<ExpectedFailure>): void {
  expect({ class: failed.class, code: failed.code }).toEqual({
    class: expected.class ?? failed.class,
    code: expected.code ?? failed.code,
  });
  if (expected.misconfigured !== undefined) expect(failed.detail.misconfigured ?? false).toBe(expected.misconfigured);
  if (expected.rateLimited !== undefined) expect(failed.detail.rateLimited ?? false).toBe(expected.rateLimited);
  if (expected.retryAfter !== undefined) expect(failed.detail.retryAfter).toBe(expected.retryAfter);
  expect(failed.code).toMatch(/^[a-z_]+\.[\w.-]+$/);
  expect(failed.message).not.toMatch(/https?:\/\//);
}

function describeSchema(type: ChannelType): void {
  test('every setting has a description and an example', () => {
    expect(undocumented(schemaOf(type.settings), '')).toEqual([]);
  });

  test('the type declares which parts of a message it shows', () => {
    expect(Object.keys(type.supports ?? {}).filter((part) => !MESSAGE_PARTS.some((known) => known === part))).toEqual(
      [],
    );
    expect(type.supports).toBeDefined();
  });

  test('the type has a summary of one line and the address of its documentation', () => {
    expect(type.summary).toMatch(/^\S.{10,}[^.]$|^\S.{10,}\.$/);
    expect(type.summary).not.toContain('\n');
    expect(type.documentation).toMatch(/^https:\/\//);
  });
}

/** Pointers of properties without a description or an example. */
function undocumented(schema: Schema, pointer: string): string[] {
  const own = Object.entries(schema.properties ?? {}).flatMap(([name, property]) => {
    const isContainer = property.properties !== undefined;
    const bare = property.description === undefined || (!isContainer && (property.examples ?? []).length === 0);
    return [...(bare ? [`${pointer}/${name}`] : []), ...undocumented(property, `${pointer}/${name}`)];
  });
  const inner = partsOf(schema).filter((part) => !Object.values(schema.properties ?? {}).includes(part));
  return [...own, ...inner.flatMap((part) => undocumented(part, pointer))];
}
