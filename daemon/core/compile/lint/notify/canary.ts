import { samplesOf } from '../../../event/own-samples.ts';
import { ownEvents } from '../../../event/own-events.ts';
import type { Problem } from '../../../problems/failure.ts';
import { joinPointer } from '../../../values/pointer.ts';
import type { Fragment } from '../../compile.ts';
import { channelsFor, EPOCH } from './own-channel.ts';

/** Warns of canaries whose absence nobody would see: no channel gets the alarm, and no rule asks for its event. */
export function lintCanaries(fragments: readonly Fragment[], around: readonly Fragment[]): readonly Problem[] {
  const rules = [...around, ...fragments].flatMap((fragment) => fragment.rules);
  return fragments.flatMap(({ file, document, channels }) =>
    channels.flatMap(({ name, canary, policy }): Problem[] => {
      if (canary === undefined || (canary.notify ?? policy.fallback) !== undefined || document === undefined) return [];
      const [missed] = samplesOf(ownEvents.canaryMissed.event.type, name, EPOCH);
      const isSeen = rules.some(
        (rule) => rule.enabled && !rule.catchAll && channelsFor(rule, missed!).some((channel) => channel !== name),
      );
      if (isSeen) return [];
      return [
        {
          file,
          ...document.locate(joinPointer('/channels', name, 'canary'), 'key'),
          code: 'channel.canary',
          message: `nobody is notified when a canary of \`${name}\` is missed`,
          mend: 'add `notify` with another channel to the canary, or a `delivery.fallback` to the channel',
        },
      ];
    }),
  );
}
