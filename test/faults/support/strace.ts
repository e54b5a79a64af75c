import { execFileSync } from 'node:child_process';

/** Whether the Debian package strace is installed. */
export function hasStrace(): boolean {
  try {
    execFileSync('strace', ['-V'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
