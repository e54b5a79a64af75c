import type { ChannelGuide, ChannelLimits, MessageSupport } from '../channel.ts';
import type { HttpRequest } from '../kit/http/client.ts';
import type { HttpAnswer } from '../kit/http/failures.ts';
import type { Receipt, Delivery } from '../../core/delivery/delivery.ts';
import type { NameField } from '../../core/compile/registry.ts';
import type { FailureClass, FailureDetail } from '../../core/problems/failure.ts';
import type { Message } from '../../core/message/message.ts';

/** A channel type of a plugin as data; its functions stay in the worker. */
export interface TypeDescription extends ChannelGuide {
  readonly type: string;
  readonly summary: string;
  readonly documentation: string;
  /** JSON Schema. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly limits: ChannelLimits;
  readonly supports?: MessageSupport;
  readonly idempotent: boolean;
  readonly has: {
    readonly escape: boolean;
    readonly check: boolean;
    readonly uses: boolean;
    readonly names: readonly NameField[];
  };
}

/** Error in a form that can be posted. A bug has no class. */
export interface PostedError {
  readonly message: string;
  readonly stack?: string;
  readonly class?: FailureClass;
  readonly code?: string;
  readonly detail?: Omit<FailureDetail, 'cause'>;
}

export type Posted<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: PostedError };

export interface WorkerStart {
  /** URL of the module. */
  readonly module: string;
  /** URLs of `belfry/channel` and `belfry/testing`. */
  readonly own: Readonly<Record<string, string>>;
}

export interface OpenRequest {
  readonly instance: number;
  readonly type: string;
  /** Settings by `packSettings`. */
  readonly settings: unknown;
  readonly name: string;
  readonly hostname: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly attachFrom: readonly string[];
}

/** From the daemon to the worker. `call`: number of the request, in its answer. */
export type ToWorker =
  | { readonly kind: 'open'; readonly call: number; readonly request: OpenRequest }
  | {
      readonly kind: 'send';
      readonly call: number;
      readonly instance: number;
      readonly message: Message;
      readonly delivery: Delivery;
      readonly attempt: number;
    }
  | { readonly kind: 'abort'; readonly call: number; readonly reason: string }
  | { readonly kind: 'close'; readonly call: number; readonly instance: number }
  | { readonly kind: 'ping'; readonly call: number }
  /** A call that the daemon waits for: the answer is posted to `port`, then `done[0]` is set to 1. */
  | {
      readonly kind: 'sync';
      readonly type: string;
      readonly method: SyncMethod;
      readonly args: readonly unknown[];
      readonly done: Int32Array;
      readonly port: import('node:worker_threads').MessagePort;
    }
  /** Answer to a `want` of the worker. */
  | { readonly kind: 'wanted'; readonly want: number; readonly result: Posted<unknown> };

export type SyncMethod = 'escape' | 'check' | 'uses' | NameField;

/** From the worker to the daemon. */
export type FromWorker =
  | { readonly kind: 'ready'; readonly types: readonly TypeDescription[] }
  | { readonly kind: 'fault'; readonly message: string; readonly mend: string }
  | { readonly kind: 'result'; readonly call: number; readonly result: Posted<Receipt | undefined> }
  | {
      readonly kind: 'log';
      readonly instance: number;
      readonly level: LogLevel;
      readonly fields: object;
      readonly text: string;
    }
  /** A tool of the daemon that the worker needs: an HTTP request, a stored text. `send`: call of the send that it belongs to. */
  | {
      readonly kind: 'want';
      readonly want: number;
      readonly instance: number;
      readonly send: number | undefined;
      readonly what: Wanted;
    };

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

export type Wanted =
  | { readonly tool: 'http'; readonly request: Omit<HttpRequest, 'ending'> }
  | { readonly tool: 'memory.get'; readonly key: string }
  | { readonly tool: 'memory.set'; readonly key: string; readonly value: string };

export type WantedAnswer = HttpAnswer | string | undefined;
