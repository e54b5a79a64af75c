import { expect, test } from 'vitest';
import {
  judgeAnswer,
  misconfigured,
  rateLimited,
  type ReadableAnswer,
} from '../../../../daemon/channels/kit/http/answers.ts';
import { untilSeconds } from '../../../../daemon/channels/kit/http/failures.ts';

test('a code of the provider that is also a property of every object is an undocumented code', () => {
  const answers = {
    read: ({ json }: { readonly json: Readonly<Record<string, unknown>> }) =>
      ({ ok: false, code: `${json.error as string}` }) as const,
    codes: { invalid_auth: misconfigured('the token is wrong') },
  };
  const judge = (error: string) =>
    judgeAnswer('chime', answers, { status: 200, headers: {}, text: JSON.stringify({ error }) }, 0);
  expect(judge('invalid_auth')).toMatchObject({ class: 'permanent', detail: { misconfigured: true } });
  for (const error of ['constructor', '__proto__', 'toString'])
    expect(judge(error)).toMatchObject({
      class: 'permanent',
      code: `chime.${error}`,
      message: expect.stringContaining('not documented'),
    });
});

test('a pause may be given as its end, in seconds since the epoch', () => {
  const answers = {
    read({ headers, now }: ReadableAnswer) {
      const retryAfter = untilSeconds(headers['x-reset'], now);
      return { ok: false, code: 'quota', ...(retryAfter !== undefined && { retryAfter }) } as const;
    },
    codes: { quota: rateLimited('the quota is used up', 1000) },
  };
  const judge = (headers: Record<string, string>) =>
    judgeAnswer('chime', answers, { status: 429, headers, text: '' }, 1_795_406_400_500);
  expect(judge({ 'x-reset': '1795406460' })).toMatchObject({ detail: { rateLimited: true, retryAfter: 59_500 } });
  expect(judge({ 'x-reset': '1795406300' })).toMatchObject({ detail: { retryAfter: 1000 } });
  expect(judge({ 'x-reset': '1795606400' })).toMatchObject({ detail: { retryAfter: 24 * 60 * 60 * 1000 } });
  for (const headers of [{}, { 'x-reset': 'soon' }])
    expect(judge(headers)).toMatchObject({ detail: { retryAfter: 1000 } });
});
