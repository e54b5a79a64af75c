import type { AnyClass } from '../../../daemon/core/delivery/classes.ts';
import type { DeliveryState } from '../../../daemon/core/delivery/delivery.ts';
import type { Tone } from '../../ui/chip.tsx';

/** States by which deliveries can be filtered. The type makes sure that none is missing. */
const ALL_STATES: Readonly<Record<DeliveryState, true>> = {
  pending: true,
  sending: true,
  held: true,
  delivered: true,
  dead: true,
  cancelled: true,
};
export const STATES = Object.keys(ALL_STATES);

/** Classes of failures; bad are those that need a person. */
const CLASS_TONES: Readonly<Record<AnyClass, Tone>> = {
  transient: 'warn',
  permanent: 'bad',
  unknown: 'warn',
  internal: 'bad',
  exhausted: 'bad',
  expired: 'bad',
};
export const CLASSES = Object.keys(CLASS_TONES);

export const toneOfClass = (name: string): Tone => CLASS_TONES[name as AnyClass] ?? 'quiet';

/** Body for the eye: JSON with line breaks, a form with a field on each line, others as they are. */
export function readableBody(body: string, contentType = ''): string {
  if (contentType.includes('x-www-form-urlencoded'))
    return [...new URLSearchParams(body)].map(([name, value]) => `${name} = ${value}`).join('\n');
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
}
