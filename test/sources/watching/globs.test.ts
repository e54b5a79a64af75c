import { homedir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { compileGlobs, faultOf } from '../../../daemon/sources/watching/globs.ts';
import { outset } from '../../../daemon/sources/files/baseline.ts';
import type { Scan } from '../../../daemon/sources/watching/scan.ts';

describe('the files that count', () => {
  const cases: readonly [paths: string[], ignore: string[], yes: string[], no: string[]][] = [
    [['/srv/*.csv'], [], ['/srv/a.csv', '/srv/.a.csv'], ['/srv/a.txt', '/srv/b/a.csv', '/a.csv']],
    [['/srv/**/*.csv'], [], ['/srv/a.csv', '/srv/b/c/a.csv'], ['/srv.csv']],
    [['/srv/{a,b/c}/*.x'], [], ['/srv/a/1.x', '/srv/b/c/1.x'], ['/srv/b/1.x', '/srv/c/1.x']],
    [['/etc/hosts'], [], ['/etc/hosts', '/etc/hosts/inside'], ['/etc/hosts.bak', '/etc/x']],
    [['/srv/inbox/'], [], ['/srv/inbox/a', '/srv/inbox/b/c'], ['/srv/inboxes/a']],
    [['/srv/\\[a\\]/*'], [], ['/srv/[a]/1'], ['/srv/a/1']],
    [['/srv/**'], ['*.tmp', 'node_modules'], ['/srv/a'], ['/srv/a.tmp', '/srv/x/node_modules/a/b', '/srv/x.tmp/a']],
    [['/srv/**'], ['/srv/old', '/srv/*/cache'], ['/srv/older', '/srv/cache'], ['/srv/old/a/b', '/srv/x/cache/a']],
    [['/tmp/in/*'], ['tmp'], ['/tmp/in/a'], ['/tmp/in/tmp']],
    [['/srv/*'], [], ['/srv/a~', '/srv/4913'], ['/srv/.a.txt.swp', '/srv/.a.kate-swp', '/srv/.~lock.a.odt#']],
    [['/**/*.x'], [], ['/a/b.x', '/b.x'], ['/a/b.y']],
    [
      ['/srv/**'],
      ['node_modules/'],
      ['/srv/a', '/srv/node_modules'],
      ['/srv/node_modules/a', '/srv/x/node_modules/a/b'],
    ],
    [['/srv/**'], ['**/node_modules/**'], ['/srv/a'], ['/srv/node_modules/a', '/srv/x/node_modules/a/b']],
    [['/srv/**'], ['**/*.o'], ['/srv/a'], ['/srv/a.o', '/srv/x/y/a.o']],
    [['/srv/**'], ['build/*.o'], ['/srv/a.o', '/srv/x/build/a.o'], ['/srv/build/a.o', '/srv/build/x.o/y']],
    [['/srv/app/**', '/data/*'], ['./x'], ['/srv/app/y/x', '/data/y'], ['/srv/app/x', '/srv/app/x/y', '/data/x']],
    [['/srv/**'], ['build/out/'], ['/srv/build/out', '/srv/x/build/out/a'], ['/srv/build/out/a']],
    [['/srv/app-*/logs/**'], ['app-a/logs/old'], ['/srv/app-b/logs/old'], ['/srv/app-a/logs/old/x']],
    [['/srv/\\[a\\]/**'], ['tmp/x', '**/y'], ['/srv/[a]/q/tmp/x'], ['/srv/[a]/tmp/x', '/srv/[a]/q/y']],
    [['/node_modules/app/**'], ['**/node_modules/**'], ['/node_modules/app/a'], ['/node_modules/app/node_modules/b']],
  ];

  it.each(cases)('%j without %j', (paths, ignore, yes, no) => {
    const globs = compileGlobs(paths, ignore);
    expect([yes.filter((file) => globs.counts(file)), no.filter((file) => globs.counts(file))]).toEqual([yes, []]);
  });

  it('are found below the home, wherever the daemon was started', () => {
    const { bases } = compileGlobs(['~/in/*', '/srv/./in/../other/*', '/srv/\\[a\\]/*.x'], []);
    expect(bases.map((base) => base.path)).toEqual([path.join(homedir(), 'in'), '/srv/other', '/srv/[a]']);
  });

  it('are looked for only in folders that can hold them', () => {
    const globs = compileGlobs(['/srv/*/logs/*.log', '/data/**/*.csv', '/etc/hosts'], ['node_modules', '/data/old/**']);
    const pruned = compileGlobs(['/srv/**'], ['**/node_modules/**', 'build/', './tmp']);
    expect(['/srv/a/node_modules', '/srv/a/build', '/srv/tmp'].filter((at) => pruned.enters(at))).toEqual([]);
    expect(['/srv', '/srv/a/tmp'].filter((at) => !pruned.enters(at))).toEqual([]);
    const may = ['/srv', '/srv/app', '/srv/app/logs', '/data', '/data/a/b/c', '/etc/hosts'];
    const not = ['/srv/app/src', '/srv/app/logs/old', '/data/a/node_modules', '/data/old/x', '/etc', '/etc/ssl', '/'];
    expect([may.filter((at) => globs.enters(at)), not.filter((at) => globs.enters(at))]).toEqual([may, []]);
  });

  it.each(['!/srv/*', '/srv/\0'])('cannot be named as %j', (glob) => {
    expect(faultOf(glob)).toBeDefined();
  });
});

describe('what is known at the start', () => {
  const scanOf = (present: Record<string, string>, blind: readonly string[] = []): Scan => ({
    files: new Map(Object.entries(present)),
    folders: new Set(),
    sees: (file) => !blind.includes(file),
    trouble: undefined,
  });
  const begin = (given: {
    present?: Record<string, string>;
    blind?: readonly string[];
    checkpoints?: Record<string, string>;
    earlier?: Record<string, string>;
    words?: string;
    initial?: boolean;
    missed?: boolean;
  }) => {
    const checkpoints = new Map(Object.entries(given.checkpoints ?? {}));
    const begun = outset({
      globs: compileGlobs(['/d/*'], []),
      words: given.words ?? 'w',
      initial: given.initial ?? false,
      missed: given.missed ?? true,
      present: scanOf(given.present ?? {}, given.blind),
      checkpointsBefore: given.earlier === undefined ? checkpoints : new Map(Object.entries(given.earlier)),
      checkpoints,
    });
    for (const { key, value } of begun.checkpoints) {
      if (value === null) checkpoints.delete(key);
      else checkpoints.set(key, value);
    }
    return { known: Object.fromEntries(begun.known), stored: Object.fromEntries(checkpoints) };
  };

  it('is all that is there at the very first one, or nothing with `initial`', () => {
    expect(begin({ present: { '/d/a': '1' } })).toEqual({
      known: { '/d/a': '1' },
      stored: { '/d/a': '1', globs: 'w' },
    });
    expect(begin({ present: { '/d/a': '1' }, initial: true })).toEqual({ known: {}, stored: { globs: 'w' } });
  });

  it('is what was known before, or with `missed: false` what is there', () => {
    const checkpoints = { globs: 'w', '/d/a': '1', '/d/b': '1', '/d/c': '1' };
    const present = { '/d/a': '2', '/d/c': '1', '/d/new': '1' };
    expect(begin({ checkpoints, present }).known).toEqual({ '/d/a': '1', '/d/b': '1', '/d/c': '1' });
    expect(begin({ checkpoints, present, missed: false }).known).toEqual(present);
    expect(begin({ checkpoints, present, missed: false, blind: ['/d/b'] }).known).toEqual({ ...present, '/d/b': '1' });
  });

  it('forgets what no pattern names any more, and takes what new patterns name for known', () => {
    const checkpoints = { globs: 'w', '/d/a': '1', '/e/x': '1' };
    expect(begin({ checkpoints, words: 'v', present: { '/d/a': '2', '/d/b': '1' } })).toEqual({
      known: { '/d/a': '1', '/d/b': '1' },
      stored: { globs: 'v', '/d/a': '1', '/d/b': '1' },
    });
  });

  it('leaves to tell what the source before it saw but had not told, and repeats nothing that it told meanwhile', () => {
    const before = { globs: 'w', '/d/a': '1', '/d/b': '1', '/d/c': '1' };
    const checkpoints = { globs: 'w', '/d/a': '3', '/d/c': '1', 'unsettled:/d/c': '', 'unsettled:/d/n': '' };
    const present = { '/d/a': '2', '/d/b': '1', '/d/c': '2', '/d/n': '1' };
    const expected = { '/d/a': '3', '/d/c': '1' };
    expect(begin({ earlier: before, checkpoints, present, missed: false })).toEqual({
      known: expected,
      stored: { globs: 'w', ...expected },
    });
    expect(begin({ earlier: before, checkpoints, present, words: 'v' }).known).toEqual(expected);
  });
});
