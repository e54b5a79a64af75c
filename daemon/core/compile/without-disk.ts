import { Secret } from '../../lib/secrets/secret.ts';
import { segmentsOf, valueAt } from '../values/pointer.ts';
import type { ChannelTypeInfo } from './registry.ts';

/** A channel type whose check says nothing about files, for settings from somebody who may not examine the disk. */
export function withoutDisk(type: ChannelTypeInfo): ChannelTypeInfo {
  const { check } = type;
  if (check === undefined) return type;
  return { ...type, check: (settings) => check(settings).filter(({ pointer }) => !isPath(settings, pointer)) };
}

/** Whether a setting is an absolute path, as all paths are after decoding. */
function isPath(settings: unknown, pointer: string): boolean {
  const value = valueAt(settings, segmentsOf(pointer));
  const text = value instanceof Secret ? value.reveal() : value;
  return typeof text === 'string' && /^(?:file:\/\/)?\//.test(text);
}
