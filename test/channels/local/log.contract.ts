import { Writable } from 'node:stream';
import { expect } from 'vitest';
import { log } from '../../../daemon/channels/local/log.ts';
import { type LogSettings, openLog } from '../../../daemon/lib/log.ts';
import { Scrubber } from '../../../daemon/lib/secrets/scrubber.ts';
import type { ChannelContract } from '../contract.ts';

export function paperOf(settings: Partial<LogSettings> = {}) {
  const lines: string[] = [];
  const out = new Writable({
    decodeStrings: false,
    write(line: string, _, done) {
      lines.push(line);
      done();
    },
  });
  return { lines, log: openLog({ level: 'info', format: 'json', ...settings }, new Scrubber(), out) };
}

export const contract: ChannelContract = {
  type: log,
  secrets: [],
  openDestination() {
    const paper = paperOf();
    return Promise.resolve({
      settings: {},
      tools: { log: paper.log },
      respondWith: () => undefined,
      received: () => paper.lines,
      close: () => Promise.resolve(),
    });
  },
  refusals: { notApplicable: 'a log refuses nothing' },
  cases: {
    rateLimited: { notApplicable: 'a log has no rate' },
    serverError: { notApplicable: 'a log has no server' },
    hang: { notApplicable: 'writing to the log does not wait' },
    oversize(received) {
      expect(received.length).toBeLessThan(30_000);
      expect((JSON.parse(received) as { body: string }).body).toMatch(/\(\+\d+ bytes\)$/);
    },
    hostile(received) {
      expect(received.trimEnd()).not.toContain('\n');
      expect((JSON.parse(received) as { body: string }).body).not.toMatch(/\p{Cc}/u);
    },
    sameId: (received) => (JSON.parse(received) as { delivery: string }).delivery,
  },
};
