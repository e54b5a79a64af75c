const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/** How much of a file `pngSize` needs. */
export const PNG_HEAD = 24;

/** Width and height in pixels from the first bytes of a file; undefined when it is no PNG. https://www.w3.org/TR/png-3/#11IHDR */
export function pngSize(head: Buffer): { readonly width: number; readonly height: number } | undefined {
  if (head.length < PNG_HEAD || !head.subarray(0, 8).equals(SIGNATURE)) return undefined;
  if (head.toString('latin1', 12, 16) !== 'IHDR') return undefined;
  return { width: head.readUInt32BE(16), height: head.readUInt32BE(20) };
}
