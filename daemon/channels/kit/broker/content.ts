import type { SettingProblem } from '../../../core/compile/registry.ts';
import type { Delivery } from '../../../core/delivery/delivery.ts';
import type { Message } from '../../../core/message/message.ts';
import { SendFailure } from '../../../core/problems/failure.ts';
import type { Template } from '../../../core/ruleset.ts';
import { parseDuration } from '../../../lib/time/duration.ts';
import { notification, sendVariables } from '../http/settings.ts';
import { byteLength, wellFormed } from '../text/text.ts';

/** Content that every broker gets: the default JSON of a webhook, and names that are rendered from templates. */

export const JSON_TYPE = 'application/json';

/** JSON of a message, the same in every attempt. */
export function jsonOf(message: Message, delivery: Delivery): Buffer {
  const text = JSON.stringify(notification(message, delivery), (_, item: unknown) =>
    typeof item === 'string' ? wellFormed(item) : item,
  );
  return Buffer.from(text, 'utf8');
}

/** Form of a name that a broker routes by: a topic, a subject, a routing key. */
export interface NameForm {
  /** Type of the channel, and the setting with the template. */
  readonly type: string;
  readonly setting: string;
  /** Characters that a value of an event must not bring in, because they have a meaning to the broker. Each becomes `_`. */
  readonly reserved: RegExp;
  /** Fault of a name; continues a sentence that begins with the setting's name. */
  readonly fault: (name: string) => string | undefined;
  readonly example: string;
  readonly maxBytes: number;
  /** Changes a rendered name, such as one with an empty part. */
  readonly repair?: (name: string) => string;
}

/** Name for a message. An event chooses parts of it only where the template lets it, and adds no level and no wildcard. */
export function renderName(setting: Template, form: NameForm, message: Message, delivery: Delivery): string {
  const escape = (value: string): string => wellFormed(value).replace(form.reserved, '_');
  const { text, error } = setting.render(sendVariables(message, delivery), escape);
  const name = form.repair?.(text) ?? text;
  const fault = error === undefined ? faultOf(name, form) : `failed: ${error}`;
  if (fault === undefined) return name;
  throw new SendFailure('permanent', `${form.type}.${form.setting}`, `the template of \`${form.setting}\` ${fault}`);
}

/** Checks the fixed parts of a name. */
export function checkName(setting: Template | undefined, form: NameForm): SettingProblem[] {
  if (setting === undefined) return [];
  const name = setting.source.replaceAll(/\{\{.*?\}\}|\{%.*?%\}/gs, 'x');
  const fault = faultOf(name, form);
  if (fault === undefined) return [];
  return [
    {
      pointer: `/${form.setting}`,
      message: `\`${form.setting}\` ${fault}`,
      mend: `write a name such as \`${form.example}\``,
    },
  ];
}

function faultOf(name: string, { fault, maxBytes }: NameForm): string | undefined {
  if (name === '') return 'is empty';
  if (byteLength(name) > maxBytes) return `is longer than ${maxBytes} bytes`;
  return fault(name);
}

/** Milliseconds after which the message is useless. */
export const lifetimeOf = ({ ttl }: Message): number | undefined =>
  ttl === undefined ? undefined : parseDuration(ttl);
