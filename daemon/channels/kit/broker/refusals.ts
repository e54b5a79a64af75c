import { type FailureClass, SendFailure } from '../../../core/problems/failure.ts';
import { shown } from '../http/failures.ts';

/** Meaning of an error that a broker sends as text. */
export interface Refusal {
  /** Pattern of the text. */
  readonly when: RegExp;
  readonly message: string;
  /** `permanent` if not given. */
  readonly class?: FailureClass;
  readonly misconfigured?: true;
  /** Part of the code after the dot; the first word of the text if not given. */
  readonly code?: string;
}

/** Failure for an error text; the first refusal that fits counts. An unknown error is permanent, because a repeat would hide it. */
export function refusalOf(type: string, text: string, refusals: readonly Refusal[]): SendFailure {
  const found = refusals.find(({ when }) => when.test(text));
  const code = found?.code ?? /^[\w.-]+/.exec(text)?.[0] ?? 'refused';
  const { message = 'the server refuses the message', misconfigured } = found ?? {};
  return new SendFailure(found?.class ?? 'permanent', `${type}.${code}`, message, {
    body: shown(text),
    ...(misconfigured === true && { misconfigured }),
  });
}
