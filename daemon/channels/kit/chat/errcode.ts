import type { ProviderResult, ReadableAnswer } from '../http/answers.ts';

/** Result in the form of WeCom and DingTalk: `errcode` alone decides. */
export function readErrcode({ json: { errcode, errmsg } }: Pick<ReadableAnswer, 'json'>): ProviderResult | undefined {
  if (errcode === 0) return { ok: true };
  return typeof errcode === 'number'
    ? { ok: false, code: errcode, message: typeof errmsg === 'string' ? errmsg : '' }
    : undefined;
}
