import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { packageRoot } from '../../../lib/files/package-root.ts';
import { PNG_HEAD, pngSize } from './png.ts';

/** What all desktops show without scaling it badly. */
export const ICON_SIDE = 128;

/** Belfry's bell. */
export const shippedIcon = (): string => fileURLToPath(new URL('assets/icon.png', packageRoot()));

export interface IconTrouble {
  readonly message: string;
  readonly mend: string;
}

/** What is wrong with an icon file: desktops show none at all, and say nothing, when they cannot use it. */
export function iconTrouble(file: string): IconTrouble | undefined {
  if (!existsSync(file)) {
    const mend = "give the full path of a PNG, or leave `icon` out for Belfry's own";
    return { message: 'the icon file does not exist', mend };
  }
  const head = headOf(file);
  if (head === undefined)
    return { message: 'the icon file cannot be read', mend: 'let the user that runs belfry read it' };
  const scale = `make it one with ImageMagick: convert IN -resize ${ICON_SIDE}x${ICON_SIDE}! icon.png`;
  const size = pngSize(head);
  if (size === undefined) return { message: 'the icon is not a PNG file', mend: scale };
  if (size.width === ICON_SIDE && size.height === ICON_SIDE) return undefined;
  const message = `the icon is ${size.width} × ${size.height} pixels, not ${ICON_SIDE} × ${ICON_SIDE}`;
  return { message, mend: scale };
}

function headOf(file: string): Buffer | undefined {
  try {
    const opened = openSync(file, 'r');
    try {
      const head = Buffer.alloc(PNG_HEAD);
      return head.subarray(0, readSync(opened, head));
    } finally {
      closeSync(opened);
    }
  } catch {
    return undefined;
  }
}
