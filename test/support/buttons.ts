import type { AuditEntry } from '../../daemon/core/audit/entry.ts';
import { randomBytes } from 'node:crypto';
import { onTestFinished } from 'vitest';
import { type ButtonsDeps, openButtons } from '../../daemon/app/buttons/buttons.ts';
import { outgoingMessages } from '../../daemon/app/buttons/messages.ts';
import { type ButtonTokens, buttonTokens } from '../../daemon/app/buttons/token.ts';
import { openClient } from '../../daemon/app/channels/opener.ts';
import { ButtonListeners } from '../../daemon/app/buttons/listeners.ts';
import type { ChannelType } from '../../daemon/channels/channel.ts';
import { openAlertActions } from '../../daemon/app/api/alerts/alert-actions.ts';
import type { AlertActionsDeps } from '../../daemon/app/api/alerts/deps.ts';
import type { Delivery } from '../../daemon/core/delivery/delivery.ts';
import { decide } from '../../daemon/core/flow/decide.ts';
import { select } from '../../daemon/core/flow/select.ts';
import { completeEvent } from '../../daemon/core/event/event.ts';
import type { Action } from '../../daemon/core/message/message.ts';
import type { Ruleset } from '../../daemon/core/ruleset.ts';
import type { AlertActions, ButtonApi } from '../../daemon/http/daemon-api.ts';
import { newId } from '../../daemon/lib/id.ts';
import { Scrubber } from '../../daemon/lib/secrets/scrubber.ts';
import { openStore } from '../../daemon/store/sqlite/sqlite.ts';
import type { Store } from '../../daemon/store/store.ts';
import { decodeSettings } from './channel-settings.ts';
import { rulesetOf } from './compile.ts';
import { memoryLog } from './delivery.ts';
import { VirtualClock } from './virtual-clock.ts';

export const PUBLIC_URL = 'https://belfry.example.com/alerts';

const RULES = `
daemon: { public_url: "${PUBLIC_URL}/" }
channels: { ops: { type: sink }, mail: { type: sink } }
rules:
  - name: disk
    match: { data.state: down }
    key: "{{ data.host }}"
    resolve: { match: { data.state: up } }
    repeat: 4h
    message:
      title: "Disk of {{ key }} <b>"
      actions: [ack, silence 1h, resolve, { label: Runbook, url: "https://wiki.example.com" }]
    notify: [ops, { channel: mail, to: ann@example.com }]
`;

/** Alerts and their buttons on a real store, with a virtual clock. */
export class ButtonHarness {
  readonly clock = new VirtualClock();
  readonly store: Store;
  readonly buttons: ButtonApi;
  readonly actions: AlertActions;
  readonly tokens: ButtonTokens;
  ruleset: Ruleset;
  readonly lines: readonly string[];
  /** Channels with buttons of their own. */
  readonly ownButtons = new Set<string>();
  /** Lines of the audit log. */
  readonly audited: AuditEntry[] = [];
  readonly #deps: ButtonsDeps & AlertActionsDeps;
  #stored = 0;

  private constructor(store: Store, tokens: ButtonTokens, rules: string) {
    this.store = store;
    this.tokens = tokens;
    this.ruleset = rulesetOf(rules);
    const { log, lines } = memoryLog();
    this.lines = lines;
    this.#deps = {
      store,
      live: () => this.ruleset,
      clock: this.clock,
      newId: () => newId(this.clock.now()),
      log,
      scrubber: new Scrubber(),
      tokens,
      audit: { record: async (entry) => void this.audited.push(entry) },
      onLater: () => undefined,
    };
    this.buttons = openButtons(this.#deps);
    this.actions = openAlertActions(this.#deps);
  }

  /** `path`: folder of the store; a second harness on the same folder is a restart. */
  static async open({ path = ':memory:', key = randomBytes(32), rules = RULES } = {}): Promise<ButtonHarness> {
    const store = await openStore({ path });
    onTestFinished(() => store.close());
    return new ButtonHarness(store, buttonTokens(key), rules);
  }

  /** Raises an event; resolves to its deliveries. */
  async event(state: string, host = 'db1'): Promise<readonly Delivery[]> {
    const now = this.clock.now();
    const id = (): string => newId(now);
    const event = completeEvent({ type: 'disk', data: { state, host, n: (this.#stored += 1) } }, now, id, 'api');
    const { ruleset } = this;
    const [accepted] = await this.store.transact({ arrivals: [{ event, mayRepeat: false }], now }, (one, memory) =>
      decide(one, select(one, ruleset, now), { ruleset, memory, now, newId: id }),
    );
    return accepted!.decision!.deliveries.map(({ delivery }) => delivery);
  }

  /** Replaces a channel by one of another type. */
  setChannel(name: string, type: ChannelType, settings: unknown): void {
    const config = { ...this.ruleset.channels.get(name)!, type: type.type, settings: decodeSettings(type, settings) };
    this.ruleset = { ...this.ruleset, channels: new Map([...this.ruleset.channels, [name, config]]) };
  }

  /** Opens the connections for the presses of these channel types, closed when the test ends. */
  listen(...types: readonly ChannelType[]): ButtonListeners {
    const listeners = new ButtonListeners({ ...this.#deps, types, buttons: this.buttons, open: openClient });
    listeners.apply(this.ruleset.channels);
    onTestFinished(() => listeners.stop());
    return listeners;
  }

  /** Buttons of a message as its recipient gets them. */
  buttonsOf(delivery: Delivery): readonly Action[] {
    const { tokens } = this;
    const live = (): Ruleset => this.ruleset;
    const hasButtons = (channel: string): boolean => this.ownButtons.has(channel);
    return outgoingMessages({ tokens, live, hasButtons })(delivery).message.actions ?? [];
  }

  /** Tokens of the links of a message, by label. */
  tokensOf(delivery: Delivery): Readonly<Record<string, string>> {
    return Object.fromEntries(this.buttonsOf(delivery).map(({ label, url }) => [label, url.replace(/^.*\//, '')]));
  }
}
