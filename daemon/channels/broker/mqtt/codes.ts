import { type FailureClass, SendFailure } from '../../../core/problems/failure.ts';

interface Row {
  readonly message: string;
  readonly class?: FailureClass;
  readonly misconfigured?: true;
  readonly rateLimited?: true;
}

const wrong = (message: string): Row => ({ message, misconfigured: true });
const refused = (message: string): Row => ({ message });
const passing = (message: string): Row => ({ message, class: 'transient' });

/** Reason codes of MQTT 5 from 128 on. https://docs.oasis-open.org/mqtt/mqtt/v5.0/os/mqtt-v5.0-os.html#_Toc3901031 */
const REASONS: Readonly<Record<number, Row>> = {
  128: passing('the broker failed and gives no reason'),
  129: refused('the broker cannot read the packet'),
  130: refused('the packet does not follow the protocol'),
  131: passing('the broker refuses the packet for a reason of its own'),
  132: wrong('the broker does not speak MQTT 5 or 3.1.1'),
  133: wrong('the broker refuses the client id'),
  134: wrong('the user or the password is refused'),
  135: wrong('the user may not connect, or may not publish to this topic'),
  136: passing('the broker is not available'),
  137: passing('the broker is busy'),
  138: wrong('the broker has banned this client'),
  139: passing('the broker is shutting down'),
  140: wrong('the broker wants another method of authentication'),
  141: passing('the broker heard nothing from this client for too long'),
  142: passing('another client with the same id connected'),
  143: refused('the broker refuses the topic'),
  144: refused('the broker refuses the topic'),
  147: passing('too many messages wait for their confirmation'),
  149: refused('the message is larger than the broker accepts'),
  150: { message: 'the broker gets too many messages', class: 'transient', rateLimited: true },
  151: passing('a quota of the broker is used up'),
  153: refused('the broker refuses the format of the payload'),
  154: wrong('the broker keeps no messages: remove `retain`'),
  155: wrong('the broker does not support this `qos`: lower it'),
  156: wrong('the broker asks to use another server'),
  157: wrong('the broker has moved to another server'),
  159: { message: 'too many connections in a short time', class: 'transient', rateLimited: true },
};

/** Return codes of CONNACK in MQTT 3.1.1. https://docs.oasis-open.org/mqtt/mqtt/v3.1.1/os/mqtt-v3.1.1-os.html#_Toc398718035 */
const RETURN_CODES: Readonly<Record<number, number>> = { 1: 132, 2: 133, 3: 136, 4: 134, 5: 135 };

/** The broker does not speak the version of the protocol. */
export const isOtherVersion = (code: number): boolean => (RETURN_CODES[code] ?? code) === 132;

/** Failure for a reason code of MQTT 5, or a return code of CONNACK. `reason`: text of the broker. */
export function mqttFailure(code: number, reason = ''): SendFailure {
  const row = REASONS[RETURN_CODES[code] ?? code] ?? refused('the broker refuses the message');
  return new SendFailure(row.class ?? 'permanent', `mqtt.${code}`, row.message, {
    ...(reason !== '' && { body: reason }),
    ...(row.misconfigured !== undefined && { misconfigured: true }),
    ...(row.rateLimited !== undefined && { rateLimited: true }),
  });
}
