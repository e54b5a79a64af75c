import { HttpProblem } from '../problem.ts';

/** What a request is for. */
export interface Target {
  readonly pathname: string;
  readonly searchParams: URLSearchParams;
}

/** Segments that no URL parser would change: nearly every request, so it is worth not parsing them. */
const PLAIN = /^(?:\/[A-Za-z0-9_~-][A-Za-z0-9_.~-]*)+$/;
const NO_QUERY = new URLSearchParams();

/** Throws the 400 of a request line that names no path. */
export function targetOf(path: string): Target {
  if (PLAIN.test(path)) return { pathname: path, searchParams: NO_QUERY };
  if (!path.startsWith('/') || !URL.canParse(`http://belfry${path}`))
    throw new HttpProblem(400, 'url.invalid', 'the request target is no path');
  return new URL(`http://belfry${path}`);
}
