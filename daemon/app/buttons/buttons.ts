import type { AuditEntry } from '../../core/audit/entry.ts';
import { buttonState, type DeliveryButton, press, type Pressed } from '../../core/alerts/press.ts';
import { loadMarkdown } from '../../channels/kit/text/markdown.ts';
import { plainTitle } from '../../channels/kit/text/plain.ts';
import type { Decision } from '../../core/flow/decision.ts';
import { buttonText } from '../../core/message/alert-button.ts';
import type { Delivery } from '../../core/delivery/delivery.ts';
import type { Ruleset } from '../../core/ruleset.ts';
import type { ButtonApi, ButtonView } from '../../http/daemon-api.ts';
import type { Clock } from '../../lib/time/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { Store } from '../../store/store.ts';
import type { AuditLog } from '../identity/audit/audit-log.ts';
import type { ButtonTokens } from './token.ts';

export interface ButtonsDeps {
  readonly store: Pick<Store, 'applyDecision' | 'memory' | 'deliveries'>;
  readonly live: () => Ruleset;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly log: Log;
  readonly tokens: Pick<ButtonTokens, 'read'>;
  readonly audit: Pick<AuditLog, 'record'>;
  /** Reports later results, such as the end of an alert by a person. */
  readonly onLater: (decision: Decision) => void;
}

const MAX_NAME_CHARS = 100;

/** Buttons of messages, as links and as buttons of a chat: what they do, and doing it once. */
export function openButtons(deps: ButtonsDeps): ButtonApi {
  const { store, live, clock, newId, log, audit, onLater } = deps;
  const contextOf = (memory: ReturnType<Store['memory']>, now: number) => ({ ruleset: live(), memory, now, newId });
  return {
    isSigned: (token) => deps.tokens.read(token) !== undefined,
    async look(token) {
      const found = await find(token, deps);
      if ('kind' in found) return found;
      const now = clock.now();
      return { ...(await viewOf(found)), state: buttonState(found.button, contextOf(store.memory(now), now)) };
    },
    async press(token, { name, address, mayPress = () => true }) {
      const found = await find(token, deps);
      if ('kind' in found) return found;
      const { button, delivery } = found;
      if (!mayPress(delivery)) return { kind: 'unknown' };
      const now = clock.now();
      const by = name === undefined ? linkName(delivery) : shownName(name, delivery);
      const pressed = await store.applyDecision<Pressed>(now, (memory) => press(button, by, contextOf(memory, now)));
      if (pressed.outcome.kind === 'done') {
        onLater(pressed);
        const { rule, key } = button;
        await audit.record(pressEntry(found, by, address));
        log.info({ rule, key, by, delivery: delivery.id }, `alert: ${buttonText(button.change)} by a button`);
      }
      return { ...(await viewOf(found)), state: pressed.outcome };
    },
  };
}

/** Line of the audit log for a press that changed something. */
function pressEntry({ button, delivery }: FoundButton, by: string, address: string | undefined): AuditEntry {
  const { rule, key, change } = button;
  return {
    actor: by,
    via: 'button',
    ...(address !== undefined && { address }),
    action: change.verb === 'silence' ? 'silence.add' : `alert.${change.verb}`,
    target: key,
    result: 'done',
    details: { rule, change: buttonText(change), delivery: delivery.id },
  };
}

interface FoundButton {
  readonly button: DeliveryButton;
  readonly delivery: Delivery;
}

/** Finds the delivery of a token. A delivery that the history no longer has is as old as an expired one. */
async function find(
  token: string,
  { tokens, store }: ButtonsDeps,
): Promise<FoundButton | Extract<ButtonView, { kind: 'unknown' | 'forgotten' }>> {
  const claim = tokens.read(token);
  if (claim === undefined) return { kind: 'unknown' };
  const stored = await store.deliveries.find(claim.delivery);
  if (stored === undefined) return { kind: 'forgotten' };
  const { delivery } = stored;
  const { rule, key, createdAt } = delivery;
  return { button: { delivery: delivery.id, rule, key, createdAt, change: claim.change }, delivery };
}

async function viewOf({ button, delivery: { message } }: FoundButton) {
  if (message.format === 'markdown') await loadMarkdown();
  const { change, rule, key } = button;
  return { kind: 'found' as const, change, rule, key, title: plainTitle(message) };
}

/** Name for the record of a person who opened a link: it proves only that the person could read the message. */
function linkName({ channel, message }: Delivery): string {
  const [only, ...others] = message.to ?? [];
  return `link of ${channel}${only === undefined || others.length > 0 ? '' : ` to ${oneLine(only)}`}`;
}

/** Name that a provider gives, with the channel: `ann (channel ops)`. */
const shownName = (name: string, { channel }: Delivery): string => `${oneLine(name)} (channel ${channel})`;

/** Names come from events and providers, and are shown in lists. */
const oneLine = (text: string): string =>
  text
    .replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ')
    .trim()
    .slice(0, MAX_NAME_CHARS);
