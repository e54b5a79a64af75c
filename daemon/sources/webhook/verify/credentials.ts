import { defineScheme, type Proof } from './scheme.ts';
import { authorizationOf, matches, secretsSetting } from '../../kit/secrets.ts';

/** https://www.rfc-editor.org/rfc/rfc6750 */
export const bearer = defineScheme({
  name: 'bearer',
  setting: secretsSetting('The token after `Authorization: Bearer`.', '${env:HOOK_TOKEN}'),
  isGuess: (request) => authorizationOf(request, 'bearer').length > 0,
  authenticate: 'Bearer realm="belfry"',
  open: (secrets) => ({
    verify: (request) => proof(matches(authorizationOf(request, 'bearer'), secrets, (secret) => secret)),
  }),
});

/** https://www.rfc-editor.org/rfc/rfc7617 */
export const basic = defineScheme({
  name: 'basic',
  setting: secretsSetting('User and password, as `user:password`.', 'ci:${env:HOOK_PASSWORD}'),
  isGuess: (request) => authorizationOf(request, 'basic').length > 0,
  authenticate: 'Basic realm="belfry", charset="UTF-8"',
  check: (secrets) =>
    secrets.every((secret) => secret.reveal().includes(':'))
      ? []
      : [{ pointer: '', message: 'there is no `:` between user and password', mend: 'write it as `user:password`' }],
  open: (secrets) => ({
    verify: (request) =>
      proof(matches(authorizationOf(request, 'basic').map(decodeBase64), secrets, (secret) => secret)),
  }),
});

const proof = (holds: boolean): Proof | undefined => (holds ? {} : undefined);
const decodeBase64 = (text: string): string => Buffer.from(text, 'base64').toString('utf8');
