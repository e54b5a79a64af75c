import path from 'node:path';
import { expect, onTestFinished } from 'vitest';
import type { EventInput } from '../../daemon/core/event/event.ts';
import { lines } from '../../daemon/sources/lines/lines.ts';
import type { RunningSource, SourceIo } from '../../daemon/sources/source.ts';
import { readSourceSettings, recordedIo, type RecordedIo } from './source-io.ts';
import { VirtualClock } from './virtual-clock.ts';

/** Time within which everything is scanned once. */
export const LOOK = 2100;

/** Starts a source of lines, which is stopped when the test ends. */
export async function startLines(written: object, io: SourceIo): Promise<RunningSource> {
  const { settings, problems } = readSourceSettings(lines, written);
  expect(problems).toEqual([]);
  const source = await lines.start(settings, io);
  onTestFinished(() => source.stop());
  return source;
}

export interface Session {
  readonly io: RecordedIo;
  readonly clock: VirtualClock;
  /** The text of each reported line. */
  readonly reported: () => string[];
  readonly stop: () => Promise<void>;
  /** Lets the source scan everything. */
  readonly look: () => Promise<void>;
}

/** Starts a source on a virtual clock and lets it scan once. With the `stored` of another one it is the next start. */
export async function follow(written: object, stored = new Map<string, string>()): Promise<Session> {
  const clock = new VirtualClock();
  const io = recordedIo({ clock, stored });
  const source = await startLines(written, io);
  await clock.advance(100);
  const reported = (): string[] => io.events.map(lineOf);
  return { io, clock, reported, stop: () => source.stop(), look: () => clock.advance(LOOK) };
}

export function lineOf({ data }: EventInput): string {
  return (data as { line: string }).line;
}

/** `file#number line` */
export function placed(io: RecordedIo): string[] {
  return io.events.map(({ subject, data }) => {
    const { line, number } = data as { line: string; number: number };
    return `${path.basename(subject!)}#${number} ${line}`;
  });
}

export function numbered(from: number, to: number): string[] {
  return Array.from({ length: to - from + 1 }, (_, index) => `line ${from + index}`);
}

export const text = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('');
