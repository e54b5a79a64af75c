import type { EventShape } from '../event/shape.ts';
import type { TSchema } from '../schema/type.ts';
import type { DoctorCheckInfo } from '../problems/doctor.ts';
import type { Format } from '../message/message.ts';
import type { JsonObject } from '../values/json.ts';

/** Finding of the check of a type; the pointer is relative to the checked settings. */
export interface SettingProblem {
  readonly pointer: string;
  readonly message: string;
  readonly mend: string;
}

/** Fields of a message that name people, in the form that the channel wants. */
export type NameField = 'to' | 'mention';

/** Check of a name for each field; undefined when the name is valid. */
export type NameChecks = {
  readonly [field in NameField]?: (text: string) => Omit<SettingProblem, 'pointer'> | undefined;
};

/** Parts of a message besides title and body, in the order of the reference table. */
export const MESSAGE_PARTS = [
  'markdown',
  'html',
  'priority',
  'tags',
  'link',
  'image',
  'actions',
  'fields',
  'mention',
  'attach',
  'replace_key',
  'to',
] as const;

export type MessagePart = (typeof MESSAGE_PARTS)[number];

/** Destination of the messages of a channel, if the settings say it; so loops are found without running them. */
export interface ChannelOutput {
  /** Whole URL of the requests. */
  readonly url?: string;
  /** File to which the messages are appended. */
  readonly file?: string;
  /** Program and its arguments, as they are written. */
  readonly run?: readonly string[];
}

/** Input that a source gets from a channel: a request to a path of the daemon, or a text at the end of a file. */
export type SourceInput = { readonly path: string; readonly file?: undefined } | { readonly file: string };

/** Event that a source makes of an input: only what is certain. */
export interface ExpectedEvent {
  readonly type?: string;
  readonly data: JsonObject;
}

/** Part of a channel type that the compiler needs. */
export interface ChannelTypeInfo {
  readonly type: string;
  readonly summary: string;
  readonly documentation: string;
  readonly settings: TSchema;
  readonly setup?: readonly string[];
  readonly example?: Readonly<Record<string, unknown>>;
  readonly receipt?: string;
  readonly repeats?: string;
  readonly limits: {
    readonly rate?: string;
    readonly text?: string;
    readonly concurrency?: number;
    readonly timeout?: string;
  };
  /** Number of keys in the settings; the rate in `limits` is that of one key. */
  readonly keyCount?: (settings: unknown) => number;
  /** Parts of a message that are shown in their own form (`kept`) or as text (`text`); others are dropped. */
  readonly supports?: { readonly [part in MessagePart]?: 'kept' | 'text' };
  /** Reads the files of `attach`. */
  readonly attachesFiles?: true;
  readonly idempotent: boolean;
  readonly escape?: (text: string, format: Format) => string;
  readonly check?: (settings: unknown) => readonly SettingProblem[];
  /** Servers to which a channel connects. */
  readonly uses?: (settings: unknown) => { readonly endpoints?: readonly { readonly host: string }[] };
  readonly output?: (settings: unknown) => ChannelOutput;
  readonly names?: NameChecks;
  /** Buttons of its own: `connection` is undefined where the settings ask for none. */
  readonly buttons?: { connection(settings: unknown): string | undefined };
  readonly doctorChecks?: readonly DoctorCheckInfo[];
  /** Plugin of the type: its file, and a text that differs for each content of it. Undefined for a built-in type. */
  readonly plugin?: { readonly file: string; readonly version: string };
}

/** Part of a source type that the compiler needs. */
export interface SourceTypeInfo {
  readonly type: string;
  readonly summary: string;
  readonly settings: TSchema;
  readonly events: readonly string[];
  readonly shapes?: (settings: unknown) => readonly EventShape[];
  readonly templateNames?: readonly string[];
  readonly uses?: (settings: unknown, name: string) => { readonly watched?: readonly string[] };
  readonly takes?: (settings: unknown, input: SourceInput) => ExpectedEvent | undefined;
  readonly instance?: (settings: unknown) => string | undefined;
  readonly check?: (settings: unknown) => readonly SettingProblem[];
}

/** Channel types that belong together, under one heading of the reference. */
export interface ChannelFamilyInfo {
  readonly name: string;
  readonly types: readonly ChannelTypeInfo[];
}

/** Loads built-in channel types when rules name them. */
interface ChannelTypeLoader {
  /** All types, also those that are not loaded. */
  readonly names: readonly string[];
  /** Adds the built-in types among these names to `channels` of the registry. */
  load(names: Iterable<string>): Promise<void>;
  /** Types that could not be loaded, with the reason. */
  readonly faults: ReadonlyMap<string, string>;
}

/** The types that rules may name. */
export interface Registry {
  readonly channels: readonly ChannelTypeInfo[];
  readonly sources: readonly SourceTypeInfo[];
  /** Adds types to `channels`; undefined when all are there. */
  readonly loader?: ChannelTypeLoader;
  /** The built-in channel types by family, for the reference. */
  readonly families?: readonly ChannelFamilyInfo[];
}

/** Names of all channel types, also of those that are not loaded. */
export function channelTypeNames({ channels, loader }: Pick<Registry, 'channels' | 'loader'>): readonly string[] {
  return [...new Set([...(loader?.names ?? []), ...channels.map(({ type }) => type)])];
}

export interface CompileTools extends Registry {
  /** A keyed hash, so that secrets cannot be guessed from the fingerprints on disk. */
  readonly fingerprint: (text: string) => string;
  /** sha256, hex. */
  readonly tokenHash: (token: string) => string;
  /** Stamp of the plugins whose types are among `channels`. */
  readonly plugins?: string;
}
