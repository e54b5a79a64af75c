import { HttpProblem } from '../problem.ts';

/** Path and query of a request. */
export interface Target {
  readonly pathname: string;
  readonly searchParams: URLSearchParams;
  /** Whether the path began with that of `daemon.public_url`, so that it came through a proxy. */
  readonly isPrefixed?: true;
}

/** Paths that a URL parser would not change: nearly all, so they are not parsed. */
const PLAIN = /^(?:\/[A-Za-z0-9_~-][A-Za-z0-9_.~-]*)+$/;
/** Segments `.` and `..`, also percent-encoded, and backslashes, before the query. */
const DOTS = /^[^?#]*(?:\\|\/(?:\.|%2e){1,2}(?:[/?#]|$))/i;
const NO_QUERY = new URLSearchParams();

/**
 * Parses the target of a request; throws 400 when it is not a path. Clients resolve `..` themselves; one in a request could leave the path
 * that a proxy allows, such as `/belfry/../metrics`.
 */
export function targetOf(path: string): Target {
  if (PLAIN.test(path)) return { pathname: path, searchParams: NO_QUERY };
  if (!path.startsWith('/') || DOTS.test(path) || !URL.canParse(`http://belfry${path}`))
    throw new HttpProblem(400, 'url.invalid', 'the request target is not a path without `.` and `..`');
  return new URL(`http://belfry${path}`);
}
