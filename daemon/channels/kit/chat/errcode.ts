import { type ProviderResult, type ReadableAnswer, textIn } from '../http/answers.ts';

/** Result in the form of WeCom and DingTalk: `errcode`, a number or a text with one, alone decides. */
export function readErrcode({ json: { errcode, errmsg } }: Pick<ReadableAnswer, 'json'>): ProviderResult | undefined {
  if (typeof errcode !== 'number' && !/^-?\d{1,9}$/.test(textIn(errcode))) return undefined;
  const code = Number(errcode);
  return code === 0 ? { ok: true } : { ok: false, code, message: textIn(errmsg) };
}
