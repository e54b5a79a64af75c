import { statSync } from 'node:fs';

/** Whether there is the device that every write fails on with ENOSPC, and not a file that somebody left in its place. */
export const hasFullDevice = statSync('/dev/full', { throwIfNoEntry: false })?.isCharacterDevice() === true;
