import type { Target } from './target.ts';

/** First segment of a path: `v1` of `/v1/events`. */
const firstSegment = (path: string): string => path.split('/', 2)[1] ?? '';

/** Removes the path of `daemon.public_url` from the targets of requests, because a proxy may leave it there. */
export class PathPrefix {
  readonly #publicUrl: () => string | undefined;
  readonly #own: ReadonlySet<string>;
  #setting: string | undefined;
  #prefix = '';

  /** `paths` are those of the daemon. A public path that begins like one of them, such as `/hooks`, is removed by the proxy only. */
  constructor(publicUrl: () => string | undefined, paths: readonly string[]) {
    this.#publicUrl = publicUrl;
    this.#own = new Set(paths.map(firstSegment));
  }

  /** `/belfry` for `https://example.com/belfry/`; empty when there is none. A reload may change it. */
  get path(): string {
    const setting = this.#publicUrl();
    if (setting !== this.#setting) {
      const path = setting === undefined ? '' : new URL(setting).pathname.replace(/\/+$/, '');
      this.#prefix = this.#own.has(firstSegment(path)) ? '' : path;
      this.#setting = setting;
    }
    return this.#prefix;
  }

  /** The target without the prefix. Its path is empty for the prefix without a slash after it. */
  remove(target: Target): Target {
    const { path } = this;
    const { pathname, searchParams } = target;
    if (path === '' || !pathname.startsWith(path)) return target;
    const rest = pathname.slice(path.length);
    return rest === '' || rest.startsWith('/') ? { pathname: rest, searchParams, isPrefixed: true } : target;
  }
}
