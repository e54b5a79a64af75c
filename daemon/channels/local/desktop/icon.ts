import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { packageRoot } from '../../../lib/files/package-root.ts';

/** Width and height in pixels, which all desktops show well. */
export const ICON_SIDE = 128;

/** Path of Belfry's own icon. */
export const shippedIcon = (): string => fileURLToPath(new URL('assets/icon.png', packageRoot()));

export interface IconFault {
  readonly message: string;
  readonly mend: string;
}

/** Fault of an icon file. It is checked here, since a desktop shows no icon and no error if it cannot use one. */
export function iconFault(file: string): IconFault | undefined {
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

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/** Bytes of a file that `pngSize` reads. */
const PNG_HEAD = 24;

/** Width and height in pixels from the first bytes of a file; undefined when it is not a PNG. https://www.w3.org/TR/png-3/#11IHDR */
function pngSize(head: Buffer): { readonly width: number; readonly height: number } | undefined {
  if (head.length < PNG_HEAD || !head.subarray(0, 8).equals(SIGNATURE)) return undefined;
  if (head.toString('latin1', 12, 16) !== 'IHDR') return undefined;
  return { width: head.readUInt32BE(16), height: head.readUInt32BE(20) };
}
