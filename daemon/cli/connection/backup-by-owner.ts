import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { packageRoot } from '../../lib/files/package-root.ts';
import { CommandError, type Terminal } from '../render/terminal.ts';

/** Blocks of `belfry backup -`, run in another process, which continues as the owner of the state directory. */
export async function* backupByOwner(terminal: Terminal, config: string): AsyncGenerator<Buffer> {
  const program = fileURLToPath(new URL('bin/belfry.js', packageRoot()));
  const child = spawn(process.execPath, [program, 'backup', '-', '--config', config], {
    cwd: terminal.cwd,
    env: terminal.env,
    stdio: ['ignore', 'pipe', 'pipe'],
    signal: terminal.interrupted,
  });
  let errors = '';
  child.stderr.on('data', (text: Buffer) => (errors += text.toString()));
  const closed = once(child, 'close') as Promise<[number | null]>;
  closed.catch(() => undefined);
  try {
    yield* child.stdout as AsyncIterable<Buffer>;
    const [code] = await closed;
    if (code !== 0) throw new CommandError(code ?? 1, errors.replace(/^belfry: /, '').trimEnd());
  } finally {
    child.kill();
  }
}
