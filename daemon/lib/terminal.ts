import type { Readable, Writable } from 'node:stream';

/** User and primary group, by number. */
export interface UserIds {
  readonly uid: number;
  readonly gid: number;
}

/** Command that another process carries out, because this one cannot become another user. */
export interface Resumption {
  readonly state: string;
  readonly config: string;
  /** Arguments of the command, if not those of this process. */
  readonly args?: readonly string[];
  /** Standard input, if this process has read its own. */
  readonly input?: string;
  /** Open file, which becomes descriptor 3. */
  readonly fd?: number;
}

/** Environment of the program: `main.ts` makes it from the process, tests make their own. */
export interface Terminal {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  readonly stderr: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly pid: number;
  readonly hostname: string;
  /** Effective user id; undefined where the system has none (Windows). */
  readonly uid: number | undefined;
  /**
   * Continues as another user, for good. Only root may. A Node that may not change its user, as that of Debian 13, starts another
   * process for the command instead; this one then ends with its exit code.
   */
  runAs(user: UserIds, again: Resumption): Promise<void>;
  /** Aborts at the first SIGINT or SIGTERM; a second one ends the process. */
  readonly interrupted: AbortSignal;
  /** Calls the single listener at each SIGHUP, and at once if there was one before. Returns the unsubscription. */
  onHangup(listener: () => void): () => void;
  /** Calls `format` for an uncaught error and prints its result before the process ends with 1. Returns the unsubscription. */
  onCrash(format: (error: unknown) => string): () => void;
}

/** Name of the user at the terminal, if it is known; of the one who called `sudo` rather than root. */
export function userOf({ env }: Pick<Terminal, 'env'>): string | undefined {
  return [env.SUDO_USER, env.USER, env.LOGNAME, env.USERNAME].find((name) => name !== undefined && name !== '');
}

/** C1 controls and characters that change lines or the direction of text, which JSON leaves as they are. They can be in texts only. */
const UNESCAPED = /[\u007F-\u009F\u2028-\u202E\u2066-\u2069]/g;

/** Escapes in JSON the characters that could control a terminal. The JSON means the same. */
export function escapeJson(json: string): string {
  return json.replace(UNESCAPED, unicodeEscape);
}

export function unicodeEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
