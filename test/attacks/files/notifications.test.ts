import { execFileSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { expect } from 'vitest';
import { attacksOn } from '../support/attack.ts';
import type { Target } from '../support/target.ts';

/** Command that lowers a limit of inotify in a user namespace of its own, and runs the rest of its line there. */
const limited = (limit: string, count: number): string[] => {
  const script = `echo ${count} > /proc/sys/user/max_inotify_${limit} && exec "$@"`;
  return ['unshare', '--user', '--map-root-user', 'sh', '-c', script, 'sh'];
};

function hasNamespaces(): boolean {
  try {
    const [program, ...line] = limited('watches', 0);
    execFileSync(program!, [...line, 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
const needsNamespaces = hasNamespaces() ? '' : ' (skipped: user namespaces are not allowed here)';

const attack = attacksOn({
  rules: () => `sources:
  watched: { type: files, paths: [../watched], settle: 50ms, rescan: 1s }
  lined: { type: lines, paths: ["../watched/*.log"] }
`,
});

interface Status {
  readonly sources: readonly { readonly name: string; readonly state: string; readonly reason?: string }[];
}

async function triesWithout({ home }: Target, wrapper: readonly string[], sysctl: string): Promise<void> {
  await home.stop();
  home.wrapper = wrapper;
  await home.start();
  const reasons = async (): Promise<readonly string[]> =>
    (await home.call<{ reasons: string[] }>('GET', '/readyz')).body.reasons.filter((each) => each.includes(sysctl));
  await expect.poll(reasons, { timeout: 30_000 }).toHaveLength(2);
  const { sources } = (await home.call<Status>('GET', '/v1/status')).body;
  for (const name of ['watched', 'lined'])
    expect(sources.find((source) => source.name === name)).toMatchObject({ reason: expect.stringContaining(sysctl) });
  // The report has the cause that the daemon states, in the namespace of the daemon and in any other.
  const doctor = await home.belfry(['doctor']);
  expect([doctor.code, doctor.stdout]).toEqual([1, expect.stringMatching(new RegExp(`^fail .*${sysctl}`, 'm'))]);
  const name = `${sysctl}.log`;
  await writeFile(home.path('watched', name), `${name}\n`);
  const seen = async (source: string): Promise<number> =>
    (await home.call<{ events: unknown[] }>('GET', `/v1/events?source=${source}&text=${name}`)).body.events.length;
  for (const source of ['watched', 'lined']) await expect.poll(() => seen(source), { timeout: 30_000 }).toBe(1);
}

attack(
  'I10',
  async (target) => {
    await mkdir(target.home.path('watched'));
    await triesWithout(target, limited('watches', 0), 'fs.inotify.max_user_watches');
    await triesWithout(target, limited('instances', 0), 'fs.inotify.max_user_instances');
  },
  needsNamespaces,
);
