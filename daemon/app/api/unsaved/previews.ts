import { typeOfChannel } from '../../../channels/index.ts';
import { loadMarkdown } from '../../../channels/kit/text/markdown.ts';
import type { Delivery } from '../../../core/delivery/delivery.ts';
import type { ExplainedRule, ExplainedSend, Explanation } from '../../../core/explain/explain.ts';
import type { Message, StoredMessage } from '../../../core/message/message.ts';
import type { Ruleset } from '../../../core/ruleset.ts';

/** Adds to each message the body that its channel would send. */
export async function withPreviews(explanation: Explanation, ruleset: Ruleset, now: number): Promise<Explanation> {
  const sends = explanation.rules.flatMap((rule) => rule.sends);
  if (sends.some(({ message }) => message.format === 'markdown')) await loadMarkdown();
  const rules = explanation.rules.map((rule) => ({
    ...rule,
    sends: rule.sends.map((send) => withPreview(send, deliveryOf(send, rule, explanation, now), ruleset, now)),
  }));
  return { ...explanation, rules };
}

function withPreview(send: ExplainedSend, delivery: Delivery, ruleset: Ruleset, now: number): ExplainedSend {
  const channel = ruleset.channels.get(send.channel)!;
  // The code of a plugin is not loaded.
  const type: ReturnType<typeof typeOfChannel> | undefined = typeOfChannel(channel);
  const request = { message: outgoing(send.message), delivery, now };
  const preview = type?.preview?.(channel.settings, request);
  return preview === undefined ? send : { ...send, preview };
}

/** Buttons of alerts have no links here. */
function outgoing({ actions, ...message }: StoredMessage): Message {
  if (actions === undefined) return message;
  return { ...message, actions: actions.map((one) => ('do' in one ? { label: one.label, url: '' } : one)) };
}

function deliveryOf(
  { channel, message }: ExplainedSend,
  { rule, key = '', outcome }: ExplainedRule,
  { event }: Explanation,
  now: number,
): Delivery {
  const status = outcome === 'resolved' ? 'resolved' : 'firing';
  return { id: 'preview', event, rule, channel, channelType: '', key, status, message, createdAt: now, attempts: [] };
}
