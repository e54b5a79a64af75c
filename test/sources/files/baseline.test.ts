import { describe, expect, it } from 'vitest';
import { baselineOf } from '../../../daemon/sources/files/baseline.ts';
import { compileGlobs } from '../../../daemon/sources/watching/globs.ts';
import type { Scan } from '../../../daemon/sources/watching/scan.ts';

describe('the baseline', () => {
  const scanOf = (present: Record<string, string>, blind: readonly string[] = []): Scan => ({
    files: new Map(Object.entries(present)),
    folders: new Set(),
    covers: (file) => !blind.includes(file),
    fault: undefined,
  });
  const begin = (given: {
    present?: Record<string, string>;
    blind?: readonly string[];
    checkpoints?: Record<string, string>;
    before?: Record<string, string>;
    patterns?: string;
    initial?: boolean;
    missed?: boolean;
  }) => {
    const checkpoints = new Map(Object.entries(given.checkpoints ?? {}));
    const baseline = baselineOf({
      globs: compileGlobs(['/d/*'], []),
      patterns: given.patterns ?? 'w',
      initial: given.initial ?? false,
      missed: given.missed ?? true,
      present: scanOf(given.present ?? {}, given.blind),
      checkpointsBefore: given.before === undefined ? checkpoints : new Map(Object.entries(given.before)),
      checkpoints,
    });
    for (const { key, value } of baseline.checkpoints) {
      if (value === null) checkpoints.delete(key);
      else checkpoints.set(key, value);
    }
    return { known: Object.fromEntries(baseline.known), stored: Object.fromEntries(checkpoints) };
  };

  it('of the very first start is the present files, or empty with `initial`', () => {
    expect(begin({ present: { '/d/a': '1' } })).toEqual({
      known: { '/d/a': '1' },
      stored: { '/d/a': '1', globs: 'w' },
    });
    expect(begin({ present: { '/d/a': '1' }, initial: true })).toEqual({ known: {}, stored: { globs: 'w' } });
  });

  it('of a restart is the stored snapshot, or with `missed: false` the present files', () => {
    const checkpoints = { globs: 'w', '/d/a': '1', '/d/b': '1', '/d/c': '1' };
    const present = { '/d/a': '2', '/d/c': '1', '/d/new': '1' };
    expect(begin({ checkpoints, present }).known).toEqual({ '/d/a': '1', '/d/b': '1', '/d/c': '1' });
    expect(begin({ checkpoints, present, missed: false }).known).toEqual(present);
    expect(begin({ checkpoints, present, missed: false, blind: ['/d/b'] }).known).toEqual({ ...present, '/d/b': '1' });
  });

  it('drops files that no pattern matches any more, and accepts files of new patterns without an event', () => {
    const checkpoints = { globs: 'w', '/d/a': '1', '/e/x': '1' };
    expect(begin({ checkpoints, patterns: 'v', present: { '/d/a': '2', '/d/b': '1' } })).toEqual({
      known: { '/d/a': '1', '/d/b': '1' },
      stored: { globs: 'v', '/d/a': '1', '/d/b': '1' },
    });
  });

  it('leaves unreported changes of the replaced source to report, and repeats none that it has reported', () => {
    const before = { globs: 'w', '/d/a': '1', '/d/b': '1', '/d/c': '1' };
    const checkpoints = { globs: 'w', '/d/a': '3', '/d/c': '1', 'unsettled:/d/c': '', 'unsettled:/d/n': '' };
    const present = { '/d/a': '2', '/d/b': '1', '/d/c': '2', '/d/n': '1' };
    const expected = { '/d/a': '3', '/d/c': '1' };
    expect(begin({ before: before, checkpoints, present, missed: false })).toEqual({
      known: expected,
      stored: { globs: 'w', ...expected },
    });
    expect(begin({ before: before, checkpoints, present, patterns: 'v' }).known).toEqual(expected);
  });
});
