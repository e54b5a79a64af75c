import { oneOrMany } from '../../core/schema/fields.ts';
import { Type } from '../../core/schema/type.ts';
import { isWithin, readNetwork } from '../../core/values/network.ts';
import type { HookAnswer, HookRequest, SettingProblem } from '../source.ts';
import { problem } from './request-body.ts';

/** The setting `allow` of a source that takes requests. */
export const allowSetting = () =>
  Type.Optional(
    oneOrMany(Type.String({ description: 'A network or an address.', examples: ['192.0.2.0/24'] }), {
      description: 'Networks from which requests are accepted; by default any.',
      examples: [['192.0.2.0/24', '2001:db8::/32']],
    }),
  );

export function checkAllow(allow: readonly string[] | undefined): readonly SettingProblem[] {
  const mend = 'write a network such as `192.0.2.0/24` or `2001:db8::/32`, or a whole address';
  return (allow ?? []).flatMap((text, index) =>
    readNetwork(text) === undefined
      ? [{ pointer: `/allow/${index}`, message: 'this is neither a network nor an address', mend }]
      : [],
  );
}

/** Returns the check of a request: 403 for a foreign address, undefined for one that may send. */
export function allowedNetworks(
  allow: readonly string[] | undefined,
): (request: Pick<HookRequest, 'remote'>) => HookAnswer | undefined {
  const networks = allow?.map((text) => readNetwork(text)!);
  return ({ remote }) =>
    networks === undefined || networks.some((network) => isWithin(remote, network))
      ? undefined
      : problem(403, 'this address may not send here');
}
