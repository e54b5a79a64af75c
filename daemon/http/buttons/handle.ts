import type { IncomingMessage, ServerResponse } from 'node:http';
import type { PressOutcome } from '../../core/alerts/press.ts';
import type { ButtonView, DaemonApi } from '../daemon-api.ts';
import { discardRest, readBody } from '../request/body.ts';
import type { HostCheck } from '../request/host-check.ts';
import { HttpProblem, problemOf } from '../problem.ts';
import { PAGE_HEADERS, pageOf } from './page.ts';
import { addressOf, type FailedLogins, refusedBy } from '../request/limits/failed-logins.ts';
import type { Refusals } from '../request/refusals.ts';
import type { TokenLimit } from '../request/limits/token-limit.ts';
import { type PageKind, textsFor } from './texts.ts';

export interface ButtonDeps {
  readonly daemon: Pick<DaemonApi, 'buttons'>;
  readonly hostCheck: HostCheck;
  readonly limit: TokenLimit;
  readonly refusals: Refusals;
  readonly logins: Pick<FailedLogins, 'count'>;
}

/** The form has one short field. */
const MAX_BODY_BYTES = 1024;

const STATUSES: Readonly<Record<PageKind, number>> = {
  ask: 200,
  done: 200,
  already: 200,
  used: 410,
  over: 410,
  expired: 410,
  unknown: 404,
  too_many: 409,
  limited: 429,
  foreign: 403,
  method: 405,
  unavailable: 503,
};

const MORE_HEADERS: Readonly<Partial<Record<PageKind, Readonly<Record<string, string>>>>> = {
  limited: { 'retry-after': '60' },
  unavailable: { 'retry-after': '60' },
  method: { allow: 'GET, HEAD, POST' },
};

const PAGES: Readonly<Record<PressOutcome['kind'], PageKind>> = {
  open: 'ask',
  done: 'done',
  used: 'used',
  already: 'already',
  over: 'over',
  expired: 'expired',
  too_many: 'too_many',
};

interface Page {
  readonly kind: PageKind;
  readonly view?: ButtonView;
}

/**
 * Answers a request for the link of a button. GET only asks, because mail scanners and previews of chats open every link; POST
 * presses the button. The token is the permission: there are no cookies, so another page could only send a token that it knows.
 */
export async function handleButton(
  request: IncomingMessage,
  response: ServerResponse,
  token: string,
  deps: ButtonDeps,
): Promise<void> {
  const { kind, view } = await answerOf(request, token, deps);
  deps.refusals.byCode(`button.${kind}`, request.socket.remoteAddress);
  const texts = textsFor(request.headers['accept-language']);
  const body = pageOf(kind, view, texts, token);
  response.writeHead(STATUSES[kind], {
    ...PAGE_HEADERS,
    ...MORE_HEADERS[kind],
    vary: 'accept-language',
    'content-length': Buffer.byteLength(body),
  });
  response.end(body);
  if (!request.complete) discardRest(request);
}

async function answerOf(request: IncomingMessage, token: string, deps: ButtonDeps): Promise<Page> {
  const isSigned = deps.daemon.buttons.isSigned(token);
  const isLimited = isSigned ? !deps.limit.passes(token) : deps.logins.count(refusedBy(request, 'button')) > 0;
  if (isLimited) return { kind: 'limited' };
  if (!['GET', 'HEAD', 'POST'].includes(request.method ?? '')) return { kind: 'method' };
  try {
    return request.method === 'POST'
      ? await pressed(request, token, isSigned, deps)
      : pageFor(await deps.daemon.buttons.look(token));
  } catch (error) {
    // The disk is full, or the store has failed: the person gets a page and not a problem in JSON.
    if (error instanceof HttpProblem || problemOf(error) === undefined) throw error;
    return { kind: 'unavailable' };
  }
}

async function pressed(
  request: IncomingMessage,
  token: string,
  isSigned: boolean,
  { daemon, hostCheck }: ButtonDeps,
): Promise<Page> {
  if (hostCheck.isForeignForm(request)) return { kind: 'foreign' };
  if (!isSigned) return { kind: 'unknown' };
  const form = new URLSearchParams((await readBody(request, MAX_BODY_BYTES)).toString('utf8'));
  return form.get('token') === token
    ? pageFor(await daemon.buttons.press(token, addressed(request)))
    : { kind: 'unknown' };
}

function addressed(request: IncomingMessage): { readonly address?: string } {
  const address = addressOf(request);
  return address === undefined ? {} : { address };
}

function pageFor(view: ButtonView): Page {
  if (view.kind === 'found') return { kind: PAGES[view.state.kind], view };
  return { kind: view.kind === 'unknown' ? 'unknown' : 'expired' };
}
