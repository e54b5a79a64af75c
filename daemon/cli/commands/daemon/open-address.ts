import { spawn } from 'node:child_process';
import { platform } from 'node:process';
import type { Clock } from '../../../lib/time/clock.ts';

/** Programs that open an address in the browser of the user. */
const OPENERS: Readonly<Partial<Record<NodeJS.Platform, string>>> = { darwin: 'open' };
const OTHER_OPENER = 'xdg-open';

/** Time in which a program says that it failed. It may also run as long as the browser does. */
const FAILURE_MS = 3_000;

export interface OpenAddressDeps {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
}

/** Opens an address in the browser of the user. Resolves to the reason why that failed, if it did. */
export function openAddress(url: string, { env, clock }: OpenAddressDeps): Promise<string | undefined> {
  const program = OPENERS[platform] ?? OTHER_OPENER;
  return new Promise((resolve) => {
    // The browser goes on when the command and its terminal end.
    const child = spawn(program, [url], { env, stdio: 'ignore', detached: true });
    const cancel = clock.after(FAILURE_MS, () => end(undefined));
    const end = (fault: string | undefined): void => {
      cancel();
      child.unref();
      resolve(fault);
    };
    child.on('error', ({ code = '' }: NodeJS.ErrnoException) =>
      end(code === 'ENOENT' ? `there is no program \`${program}\`` : `\`${program}\` did not start (${code})`),
    );
    child.on('exit', (exit) => end(exit === 0 ? undefined : `\`${program}\` ended with ${exit ?? 'a signal'}`));
  });
}
