import { onTestFinished } from 'vitest';
import type { EventInput } from '../../daemon/core/event/event.ts';
import type { EventShape, FieldKind } from '../../daemon/core/event/shape.ts';
import type { Clock } from '../../daemon/lib/time/clock.ts';
import type { SourceType } from '../../daemon/sources/source.ts';
import { recordedIo, type RecordedIo, sourceSettings } from './source-io.ts';

/** Fields of an event that its shape does not have, and values of another kind. */
export function undeclaredFields({ type, data }: EventInput, shapes: readonly EventShape[]): string[] {
  const shape = shapes.find((candidate) => candidate.type === undefined || candidate.type === type);
  if (shape === undefined) return [`the type ${type}`];
  const { data: fields } = shape;
  if (fields === 'open') return [];
  return Object.entries(data as object).flatMap(([name, value]) => {
    const kind = Object.hasOwn(fields, name) ? fields[name] : undefined;
    return kind !== undefined && (value === null || isOf(kind, value)) ? [] : [`${type}: ${name}`];
  });
}

const TYPES = { text: 'string', number: 'number', boolean: 'boolean' } as const;

function isOf(kind: FieldKind, value: unknown): boolean {
  if (typeof kind !== 'string') return kind.includes(value as string);
  return kind === 'any' || typeof value === TYPES[kind];
}

/** Event types that a source emits during an action, and fields that its shapes do not declare. */
export async function compareShapes(
  type: SourceType,
  written: object,
  act: (io: RecordedIo) => Promise<void>,
  clock: Clock,
) {
  const settings = sourceSettings(type, written);
  const io = recordedIo({ clock });
  const source = await type.start(settings as never, io);
  onTestFinished(() => source.stop());
  await act(io);
  await io.arrived(1);
  const shapes = type.shapes!(settings as never);
  return {
    types: new Set(io.events.map((event) => event.type)),
    undeclared: io.events.flatMap((event) => undeclaredFields(event, shapes)),
  };
}
