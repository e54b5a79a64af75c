import { isObject } from '../../core/values/json.ts';
import type { ChannelType } from '../channel.ts';
import type { TypeDescription } from './protocol.ts';

/** Fault of a plugin: what is wrong, and what to write instead. */
export class PluginFault extends Error {
  readonly mend: string;

  constructor(message: string, mend: string) {
    super(message);
    this.mend = mend;
  }
}

const EXAMPLE = 'export const channels = [defineChannel({ type: ..., summary: ..., settings: ..., open: ... })]';

/** Checks what a module exports, and returns its channel types. Throws a `PluginFault`. */
export function typesOf(module: Readonly<Record<string, unknown>>): readonly ChannelType[] {
  const { channels } = module;
  if (!Array.isArray(channels)) throw new PluginFault('it does not export a list `channels`', `write \`${EXAMPLE}\``);
  return channels.map((type: unknown, index) => {
    const fault = faultOf(type);
    if (fault !== undefined) throw new PluginFault(`\`channels[${index}]\` ${fault}`, `write \`${EXAMPLE}\``);
    return type as ChannelType;
  });
}

function faultOf(type: unknown): string | undefined {
  if (!isObject(type)) return 'is not a channel type';
  if (typeof type.type !== 'string' || !/^[a-z][a-z0-9_]{0,39}$/.test(type.type))
    return 'has no `type` of small letters, digits and `_`';
  if (typeof type.summary !== 'string' || type.summary === '') return 'has no `summary`';
  if (typeof type.open !== 'function') return 'has no function `open`';
  if (!isObject(type.settings) || type.settings.type !== 'object')
    return 'has no `settings`, a JSON Schema of the type `object`';
  for (const name of ['escape', 'check', 'uses'])
    if (type[name] !== undefined && typeof type[name] !== 'function') return `has a \`${name}\` that is not a function`;
  return undefined;
}

/** The data of a type; functions and marks of schema libraries are left out. */
export function describe(type: ChannelType): TypeDescription {
  // A plugin without types may leave out what the type demands.
  const given: Partial<ChannelType> = type;
  const { escape, check, uses, names = {}, limits = {}, idempotent = false, documentation = '' } = given;
  const { summary, settings, supports, setup, example, receipt } = type;
  const plain = JSON.parse(
    JSON.stringify({ type: type.type, summary, documentation, settings, limits, supports, setup, example, receipt }),
  ) as Omit<TypeDescription, 'idempotent' | 'has'>;
  return {
    ...plain,
    idempotent,
    has: {
      escape: escape !== undefined,
      check: check !== undefined,
      uses: uses !== undefined,
      names: (['to', 'mention'] as const).filter((field) => names[field] !== undefined),
    },
  };
}
