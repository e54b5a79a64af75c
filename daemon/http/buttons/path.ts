/** Path of the pages of buttons; a token follows. */
export const BUTTON_PATH = '/actions/';

/** Token of a button in the path of a request; undefined for another path. */
export function buttonToken(path: string): string | undefined {
  return path.startsWith(BUTTON_PATH) ? path.slice(BUTTON_PATH.length) : undefined;
}
