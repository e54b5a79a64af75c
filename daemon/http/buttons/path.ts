/** Path of the pages of buttons; a token follows. */
export const BUTTON_PATH = '/actions/';

/** Token of a button in the path of a request; undefined for another path. A proxy may leave the path of `daemon.public_url` before it. */
export function buttonToken(path: string, publicUrl: string | undefined): string | undefined {
  if (path.startsWith(BUTTON_PATH)) return path.slice(BUTTON_PATH.length);
  if (!path.includes(BUTTON_PATH)) return undefined;
  const prefix = publicUrl === undefined ? '' : new URL(publicUrl).pathname.replace(/\/+$/, '');
  const start = prefix + BUTTON_PATH;
  return prefix !== '' && path.startsWith(start) ? path.slice(start.length) : undefined;
}
