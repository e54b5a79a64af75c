import { homedir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { compileGlobs, faultOf } from '../../../daemon/sources/watching/globs.ts';

describe('compiled globs', () => {
  const cases: readonly [paths: string[], ignore: string[], yes: string[], no: string[]][] = [
    [['/srv/*.csv'], [], ['/srv/a.csv', '/srv/.a.csv'], ['/srv/a.txt', '/srv/b/a.csv', '/a.csv']],
    [['/srv/**/*.csv'], [], ['/srv/a.csv', '/srv/b/c/a.csv'], ['/srv.csv']],
    [['/srv/{a,b/c}/*.x'], [], ['/srv/a/1.x', '/srv/b/c/1.x'], ['/srv/b/1.x', '/srv/c/1.x']],
    [['/srv/a(b)/c'], [], ['/srv/a(b)/c', '/srv/a(b)/c/d'], ['/srv/ab/c']],
    [['/srv/*)/{a,b/c}/*'], [], ['/srv/x)/a/1', '/srv/x)/b/c/1'], ['/srv/x/a/1', '/srv/x)/b/1']],
    [['/srv/[{]/{a,b/c}/*'], [], ['/srv/{/a/1', '/srv/{/b/c/1'], ['/srv/a/1']],
    [['/srv/!a*', '/srv/*/!b/*'], [], ['/srv/!ab', '/srv/x/!b/1'], ['/srv/b', '/srv/x/b/1']],
    [['/srv/v?.[0-9]/x[!a]'], [], ['/srv/v1.2/xb'], ['/srv/v1.2/xa', '/srv/v1.b/xb']],
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
    expect([yes.filter((file) => globs.matches(file)), no.filter((file) => globs.matches(file))]).toEqual([yes, []]);
  });

  it('with `~` match below the home, in any working directory', () => {
    const { bases } = compileGlobs(['~/in/*', '/srv/./in/../other/*', '/srv/\\[a\\]/*.x'], []);
    expect(bases.map((base) => base.path)).toEqual([path.join(homedir(), 'in'), '/srv/other', '/srv/[a]']);
  });

  it('name the folders that may contain matching files', () => {
    const globs = compileGlobs(['/srv/*/logs/*.log', '/data/**/*.csv', '/etc/hosts'], ['node_modules', '/data/old/**']);
    const pruned = compileGlobs(['/srv/**'], ['**/node_modules/**', 'build/', './tmp']);
    expect(['/srv/a/node_modules', '/srv/a/build', '/srv/tmp'].filter((at) => pruned.mayContain(at))).toEqual([]);
    expect(['/srv', '/srv/a/tmp'].filter((at) => !pruned.mayContain(at))).toEqual([]);
    const may = ['/srv', '/srv/app', '/srv/app/logs', '/data', '/data/a/b/c', '/etc/hosts'];
    const not = ['/srv/app/src', '/srv/app/logs/old', '/data/a/node_modules', '/data/old/x', '/etc', '/etc/ssl', '/'];
    expect([may.filter((at) => globs.mayContain(at)), not.filter((at) => globs.mayContain(at))]).toEqual([may, []]);
  });

  it.each(['!/srv/*', '/srv/\0', '/srv/+(a|b)/c', '/srv/{1..3}', '/srv/[a'])('refuse %j', (glob) => {
    expect(faultOf(glob)).toBeDefined();
  });
});
