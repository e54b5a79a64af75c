import type { SettingProblem } from '../../../core/compile/registry.ts';
import { Type } from '../../../core/schema/type.ts';
import type { Secret } from '../../../lib/secrets/secret.ts';
import { basicCredentials } from './credentials/basic.ts';
import { key } from './settings.ts';

/** Optional login at a server that users host themselves: a token, or a user and a password. */

interface Login {
  readonly token?: Secret;
  readonly user?: string;
  readonly password?: Secret;
}

/** Settings of the login; `variable` is the beginning of the names of environment variables in the examples. */
export const loginSettings = (variable: string) => ({
  token: Type.Optional(key('An access token.', `\${env:${variable}_TOKEN}`)),
  user: Type.Optional(Type.String({ description: 'A user, instead of a token.', examples: ['belfry'] })),
  password: Type.Optional(key('The password of `user`.', `\${env:${variable}_PASSWORD}`)),
});

export const checkLogin = ({ token, user, password }: Login): SettingProblem[] =>
  (user === undefined) === (password === undefined) && (token === undefined || user === undefined)
    ? []
    : [{ pointer: '', message: 'the login is incomplete', mend: 'give `token`, or `user` and `password`' }];

/** Header of the login; empty without a login. */
export function loginHeader({ token, user, password }: Login): Record<string, string> {
  if (token !== undefined) return { authorization: `Bearer ${token.reveal()}` };
  if (user === undefined) return {};
  return { authorization: basicCredentials(user, password?.reveal() ?? '') };
}
