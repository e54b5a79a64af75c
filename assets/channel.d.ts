/** Text that prints as `***` everywhere. `reveal()` gives its value. */
export interface Secret {
  reveal(): string;
}

/** Template of the rules; `render` never throws. */
export interface Template {
  readonly source: string;
  render(
    variables: Readonly<Record<string, unknown>>,
    escape?: (text: string) => string,
  ): { readonly text: string; readonly error?: string };
}

export type Format = 'text' | 'markdown' | 'html';
export type Priority = 'min' | 'low' | 'normal' | 'high' | 'urgent';

/** A message, independent of the channel. */
export interface Message {
  readonly title: string;
  readonly body: string;
  readonly format: Format;
  readonly priority: Priority;
  readonly tags: readonly string[];
  readonly link?: string;
  readonly image?: string;
  readonly actions?: readonly { readonly label: string; readonly url: string }[];
  readonly fields?: Readonly<Record<string, string>>;
  readonly mention?: readonly string[];
  readonly attach?: readonly string[];
  readonly replace_key?: string;
  readonly to?: readonly string[];
}

/** One message on its way to one channel. `id` is the same in every attempt. */
export interface Delivery {
  readonly id: string;
  readonly event: Readonly<Record<string, unknown>>;
  readonly rule: string;
  readonly channel: string;
  readonly key: string;
  readonly status: 'firing' | 'resolved';
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
}

export interface Receipt {
  readonly id?: string;
  readonly status?: number;
  readonly answer?: string;
}

/** Context of one send. */
export interface SendIo {
  readonly delivery: Delivery;
  /** Aborts at the deadline of the attempt; every wait takes it. */
  readonly signal: AbortSignal;
  /** The same, for `http.request`. */
  readonly ending: AbortSignal;
  /** 1 for the first. */
  readonly attempt: number;
}

/** Tools of an open channel. */
export interface ChannelTools {
  readonly name: string;
  /** Sends requests through the daemon: `proxy`, `ca` and `daemon.egress` hold for them. Redirects are not followed. */
  readonly http: {
    request(request: {
      readonly url: string;
      readonly method?: string;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string | Uint8Array;
      readonly ending: AbortSignal;
    }): Promise<{ readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly text: string }>;
  };
  /** Lines for the log of the daemon; secrets are masked. */
  readonly log: { [level in 'debug' | 'info' | 'warn' | 'error']: (fields: object, text: string) => void };
  /** Small texts that survive a restart. */
  readonly memory: { get(key: string): Promise<string | undefined>; set(key: string, value: string): Promise<void> };
  readonly hostname: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** An open channel. `send` resolves to the receipt, or rejects with a `SendFailure`. */
export interface Notifier {
  send(message: Message, io: SendIo): Promise<Receipt>;
  close?(): Promise<void>;
}

export interface SettingProblem {
  /** JSON pointer into the settings. */
  readonly pointer: string;
  readonly message: string;
  readonly mend: string;
}

/** JSON Schema, plain or made by `Type` or TypeBox. */
export type SettingsSchema = object;

// biome-ignore lint/suspicious/noExplicitAny: the settings have the type that the schema describes
type Settings = any;

export interface ChannelGuide {
  readonly setup?: readonly string[];
  readonly example?: Readonly<Record<string, unknown>>;
  readonly receipt?: string;
}

export interface ChannelLimits {
  readonly rate?: string;
  readonly text?: string;
  readonly concurrency?: number;
  readonly timeout?: string;
}

export interface Channel extends ChannelGuide {
  readonly type: string;
  readonly summary: string;
  readonly documentation: string;
  /** Schema of an object. */
  readonly settings: SettingsSchema;
  readonly limits: ChannelLimits;
  readonly supports?: Readonly<Partial<Record<string, 'kept' | 'text'>>>;
  readonly idempotent: boolean;
  readonly escape?: (text: string, format: Format) => string;
  readonly check?: (settings: Settings) => readonly SettingProblem[];
  open(settings: Settings, tools: ChannelTools): Notifier;
}

/** A channel type, for the list `channels`. */
export interface ChannelType {
  readonly type: string;
}

export declare function defineChannel(channel: Channel): ChannelType;
export declare function supports(parts: {
  readonly kept?: string;
  readonly text?: string;
}): NonNullable<Channel['supports']>;

/** Dialect of a provider: how text is escaped and formatted. */
export interface Markup {
  readonly ' markup': never;
}

export interface ChannelRequest {
  readonly url: string;
  readonly method?: 'POST' | 'PUT' | 'PATCH' | 'GET' | 'DELETE';
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  readonly form?: Readonly<Record<string, string>>;
  readonly text?: string;
}

export interface CodeMeaning {
  readonly class: 'transient' | 'permanent' | 'unknown';
  readonly message: string;
}

export type ProviderResult =
  | { readonly ok: true; readonly id?: string }
  | { readonly ok: false; readonly code: string | number; readonly message?: string; readonly retryAfter?: number };

export interface HttpChannel extends ChannelGuide {
  readonly type: string;
  readonly summary: string;
  readonly documentation: string;
  /** Base URL of the provider. Without it the setting `api` is required. */
  readonly api?: string;
  /** Settings besides those that every HTTP channel has. */
  readonly settings: Readonly<Record<string, SettingsSchema>>;
  readonly keys?: Readonly<Record<string, string>>;
  readonly limits: ChannelLimits;
  readonly supports: { readonly kept: string; readonly text?: string };
  readonly idempotent?: boolean;
  readonly markup: Markup;
  readonly check?: (settings: Settings) => readonly SettingProblem[];
  readonly recipients?: (message: Message, settings: Settings) => readonly string[];
  readonly request: (
    message: Message,
    context: {
      readonly settings: Settings;
      readonly api: string;
      readonly url: string;
      readonly io: SendIo;
      readonly now: number;
      readonly to: string;
    },
  ) => ChannelRequest | readonly [ChannelRequest, ...ChannelRequest[]];
  readonly answers: {
    read(answer: {
      readonly status: number;
      readonly headers: Readonly<Record<string, string>>;
      readonly text: string;
      /** Empty if the body is no JSON object. */
      readonly json: Readonly<Record<string, unknown>>;
    }): ProviderResult | undefined;
    readonly codes?: Readonly<Record<string | number, CodeMeaning>>;
  };
}

/** A channel over HTTP, from its requests and the meaning of the answers. */
export declare function defineHttpChannel(channel: HttpChannel): ChannelType;

export declare function permanent(message: string): CodeMeaning;
export declare function misconfigured(message: string): CodeMeaning;
export declare function transient(message: string): CodeMeaning;
/** `retryAfter`: milliseconds. */
export declare function rateLimited(message: string, retryAfter?: number): CodeMeaning;
/** The same meaning for several codes, separated by blanks. */
export declare function each(codes: string, meaning: CodeMeaning): Record<string, CodeMeaning>;

/** Failure of a send. `class` decides whether it is retried. */
export declare class SendFailure extends Error {
  readonly class: 'transient' | 'permanent' | 'unknown';
  readonly code: string;
  constructor(
    failureClass: 'transient' | 'permanent' | 'unknown',
    code: string,
    message: string,
    detail?: {
      readonly status?: number;
      readonly body?: string;
      /** Milliseconds. */
      readonly retryAfter?: number;
      readonly rateLimited?: boolean;
      readonly misconfigured?: boolean;
    },
  );
}

interface FieldDoc {
  readonly description: string;
  readonly examples: readonly unknown[];
  readonly [keyword: string]: unknown;
}

/** Builders of JSON Schema. */
export declare const Type: {
  String(options?: object): SettingsSchema;
  Number(options?: object): SettingsSchema;
  Integer(options?: object): SettingsSchema;
  Boolean(options?: object): SettingsSchema;
  Array(items: SettingsSchema, options?: object): SettingsSchema;
  Optional(schema: SettingsSchema): SettingsSchema;
};
/** An object without other keys than these. */
export declare function strict(properties: Readonly<Record<string, SettingsSchema>>, options?: object): SettingsSchema;
/** A text that is masked everywhere; a `Secret` in the settings. */
export declare function secret(doc: FieldDoc): SettingsSchema;
/** A secret key of a provider. */
export declare function key(description: string, example: string): SettingsSchema;
/** One value or a list; a list in the settings. */
export declare function oneOrMany(item: SettingsSchema, doc: FieldDoc): SettingsSchema;
/** `10s`, `5m`; milliseconds in the settings. */
export declare function duration(doc: FieldDoc): SettingsSchema;
/** A Liquid template; a `Template` in the settings. */
export declare function template(doc: FieldDoc): SettingsSchema;

/** Unit in which a limit counts text. */
export interface TextUnit {
  readonly ' unit': never;
}
export declare const BYTES: TextUnit;
export declare const UTF16: TextUnit;
export declare const CODE_POINTS: TextUnit;
export declare const PLAIN: Markup;
export declare const COMMONMARK: Markup;
/** Cuts a text with a mark at its end. */
export declare function cutText(text: string, limit: number, unit: TextUnit): string;
export declare function cutToBytes(text: string, limit: number): string;
export declare function plainTitle(message: Message): string;
export declare function plainBody(message: Message): string;
/** An http or https address that is safe in any mark-up; undefined for another one. */
export declare function linkAddress(url: string): string | undefined;
/** Title, body, fields, link, actions and image, one after the other. */
export declare function layoutOf(
  message: Message,
  markup: Markup,
  options?: { readonly untitled?: boolean; readonly unit?: TextUnit },
): object;
/** Writes a layout; the body is cut if it is too long, the other parts stay. */
export declare function fitText(layout: object, limit: number): string;
/** The message without some parts. */
export declare function without(message: Message, ...parts: string[]): Message;
