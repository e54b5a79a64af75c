import type { ChannelTools, ChannelType, Message, Notifier, SendFailure, SendIo } from './channel.js';

/** Answer of a test server. `body` is sent as JSON unless it is a text. `hang`: no answer. */
export type ServerAnswer =
  | { readonly status?: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: unknown }
  | { readonly hang: true };

export type ResponseKind = 'success' | 'refusal' | 'rateLimited' | 'serverError' | 'hang';

/** Receiver of the messages in a case: a server, a program, a file. */
export interface Destination<A = ServerAnswer> {
  readonly settings: unknown;
  readonly tools?: Partial<ChannelTools>;
  respondWith(kind: ResponseKind): void | Promise<void>;
  refuseWith?(answer: A): void | Promise<void>;
  /** Messages that arrived so far, one text per send. */
  received(): readonly string[] | Promise<readonly string[]>;
  arrived?(count: number): Promise<void>;
  close(): Promise<void>;
}

export interface NotApplicable {
  readonly notApplicable: string;
}

export interface ExpectedFailure {
  readonly class: 'transient' | 'permanent' | 'unknown';
  readonly code: string;
  readonly misconfigured?: boolean;
  /** Milliseconds. */
  readonly retryAfter?: number;
  readonly rateLimited?: boolean;
}

/** A refusal of the provider's documentation. */
export interface DocumentedRefusal<A = ServerAnswer> extends ExpectedFailure {
  readonly when: string;
  readonly answer: A;
  readonly mend: string;
}

export interface ChannelContract<A = ServerAnswer> {
  readonly type: ChannelType;
  openDestination(): Promise<Destination<A>>;
  readonly refusals?: readonly DocumentedRefusal<A>[] | NotApplicable;
  /** Values in the settings that must never show. */
  readonly secrets: readonly string[];
  readonly cases: {
    readonly refusal?: ExpectedFailure | NotApplicable;
    readonly rateLimited: Partial<ExpectedFailure> | NotApplicable;
    readonly serverError: Partial<ExpectedFailure> | NotApplicable;
    readonly hang: Partial<ExpectedFailure> | NotApplicable;
    readonly oversize: ((received: string) => void) | NotApplicable;
    readonly hostile: ((received: string, sent: Message) => void) | NotApplicable;
    readonly sameId: ((received: string) => string | undefined) | NotApplicable;
  };
}

/** One case of the suite, for any test runner. */
export interface ContractCase {
  readonly name: string;
  readonly skip?: string;
  readonly run: () => Promise<void>;
}

/** The cases that every channel type must pass, in this order. */
export declare function contractCases<A>(contract: ChannelContract<A>): readonly ContractCase[];

/** A provider on the loopback. */
export declare function openHttpDestination(options: {
  settings(origin: string): unknown;
  readonly responses: Partial<Record<ResponseKind, ServerAnswer>>;
}): Promise<Destination>;

/** Cases of a contract for a provider whose answers to too many messages and to an error of its own say no more than the status. */
export declare const PLAIN_HTTP_FAILURES: Pick<ChannelContract['cases'], 'rateLimited' | 'serverError' | 'hang'>;

export interface ReceivedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  readonly json: unknown;
}

export interface TestServer {
  readonly origin: string;
  readonly requests: readonly ReceivedRequest[];
  answer(...answers: readonly [ServerAnswer, ...ServerAnswer[]]): void;
  close(): Promise<void>;
}

/** HTTP server on the loopback that records the requests. */
export declare function openTestServer(): Promise<TestServer>;

/** Settings as `open` gets them, from a YAML value. Throws their problems. */
export declare function decodeSettings(type: ChannelType, written: unknown): unknown;
/** All problems of settings, each as `/pointer: message`. */
export declare function readSettings(
  type: ChannelType,
  written: unknown,
): { readonly settings: unknown; readonly problems: readonly string[] };

export declare function channelTools(overrides?: Partial<ChannelTools>): ChannelTools;
export declare function sampleMessage(overrides?: Partial<Message>): Message;
export declare function sampleIo(overrides?: Partial<SendIo>): SendIo;
export declare function failureOfSending(notifier: Notifier, message: Message, io: SendIo): Promise<SendFailure>;

export interface Attack {
  readonly name: string;
  readonly text: string;
}
/** Attacks on the text of a message. */
export declare const ATTACKS: readonly Attack[];
