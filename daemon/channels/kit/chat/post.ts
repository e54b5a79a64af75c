import type { Receipt } from '../../../core/delivery/delivery.ts';
import { type FailureClass, SendFailure } from '../../../core/problems/failure.ts';
import { isObject, parseJson } from '../../../core/values/json.ts';
import type { Abortable } from '../../../lib/async/abort.ts';
import type { ChannelTools } from '../../channel.ts';
import type { HttpAnswer } from '../http/client.ts';
import { failureOf, isSuccess, retryAfterOf, shown, type StatusTweaks } from '../http/failures.ts';
import { cleanLine, cutToBytes } from '../text/text.ts';

/** Group robots take JSON and answer `200 OK` to everything; the truth is a number in the body. */

export interface RobotAnswer {
  readonly code: number;
  readonly message: string;
}

/** What one of the provider's numbers means. */
export interface RobotCode {
  readonly class: FailureClass;
  /** Milliseconds to wait; a `Retry-After` that is longer wins. */
  readonly retryAfter?: number;
  readonly rateLimited?: true;
  readonly misconfigured?: true;
  /** In place of an empty answer. */
  readonly message: string;
}

export interface RobotDialect {
  /** Before the dot of a failure's code. */
  readonly name: string;
  /** Finds the provider's verdict; undefined when the answer is none of its. Zero is success. */
  read(answer: Record<string, unknown>): RobotAnswer | undefined;
  meaning(answer: RobotAnswer): RobotCode | undefined;
}

export interface RobotRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly payload: unknown;
  readonly ending: Abortable;
}

/** The robot's address is its credential: where there is none, no message will ever arrive. */
const ADDRESS_IS_CREDENTIAL: StatusTweaks = {
  404: { misconfigured: true, message: 'there is no robot at this address' },
  410: { misconfigured: true, message: 'the robot is gone' },
};

const LONGEST_RECEIPT = 1024;

/** Says one thing to a robot and believes only its own number. */
export async function tellRobot(tools: ChannelTools, dialect: RobotDialect, request: RobotRequest): Promise<Receipt> {
  const { url, headers, payload, ending } = request;
  const answer = await tools.http.request({
    url,
    method: 'POST',
    headers: { 'user-agent': 'Belfry', 'content-type': 'application/json; charset=utf-8', ...headers },
    body: Buffer.from(JSON.stringify(payload), 'utf8'),
    ending,
  });
  const said = dialect.read(parsed(answer.text));
  if (said?.code === 0 && isSuccess(answer.status)) {
    return { status: answer.status, answer: shown(answer.text, LONGEST_RECEIPT) };
  }
  throw robotFailure(dialect, said, answer, tools.clock.now());
}

function robotFailure(
  dialect: RobotDialect,
  said: RobotAnswer | undefined,
  answer: HttpAnswer,
  now: number,
): SendFailure {
  const meaning = said === undefined || said.code === 0 ? undefined : dialect.meaning(said);
  if (meaning === undefined && !isSuccess(answer.status)) return failureOf(answer, now, ADDRESS_IS_CREDENTIAL);
  const detail = { status: answer.status, body: shown(answer.text) };
  if (said === undefined) {
    return new SendFailure('unknown', `${dialect.name}.unreadable`, 'the answer is not one of the provider', detail);
  }
  const { misconfigured, rateLimited, message, class: failureClass } = meaning ?? UNLISTED;
  const pause = Math.max(meaning?.retryAfter ?? 0, retryAfterOf(answer.headers['retry-after'], now) ?? 0);
  return new SendFailure(failureClass, `${dialect.name}.${said.code}`, saying(said.message) || message, {
    ...detail,
    ...(failureClass === 'transient' && pause > 0 && { retryAfter: pause }),
    ...(rateLimited !== undefined && { rateLimited }),
    ...(misconfigured !== undefined && { misconfigured }),
  });
}

/** A number that no table has: it did refuse, and time alone is not known to mend it. */
const UNLISTED: RobotCode = { class: 'permanent', message: 'refused, with a code that is not documented' };

function parsed(text: string): Record<string, unknown> {
  try {
    const value = parseJson(text);
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}

const LONGEST_SAYING = 300;

/** The provider's own words without what it adds for its support: hints, addresses, links. */
function saying(text: string): string {
  const line = cleanLine(text.slice(0, 4 * LONGEST_SAYING)).replace(/[,.]?\s*(?:hint:|from ip:|more info at).*$/i, '');
  return cutToBytes(line.replace(/https?:\/\/\S+/g, '').trim(), LONGEST_SAYING);
}

/** `base` without its last slash, and the path; a base with a path of its own keeps it. */
export const robotUrl = (base: string, path: string): string => base.replace(/\/+$/, '') + path;
