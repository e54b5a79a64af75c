import type { ChannelTools, ChannelType } from '../../channel.ts';
import type { MessagePart } from '../../../core/compile/registry.ts';
import type { Message } from '../../../core/message/message.ts';
import type { SendFailure } from '../../../core/problems/failure.ts';
import type { ServerAnswer } from './test-server.ts';

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

export type Applies<T> = T | NotApplicable;

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

/** A message with one part, and the text that arrives where the part is shown. */
export interface PartSample {
  readonly message: Partial<Message>;
  /** Text that arrives where the part is shown. */
  readonly shown: string;
}

export const applies = <T>(value: Applies<T>): value is T =>
  !(typeof value === 'object' && value !== null && 'notApplicable' in value);

export const documentedRefusals = <A>({ refusals }: ChannelContract<A>): readonly DocumentedRefusal<A>[] =>
  refusals !== undefined && applies(refusals) ? refusals : [];
