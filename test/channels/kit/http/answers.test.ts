import { expect, test } from 'vitest';
import { judgeAnswer, misconfigured } from '../../../../daemon/channels/kit/http/answers.ts';

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
