import type { Action, Message, Priority } from '../../../core/message/message.ts';
import type { Delivery } from '../../../core/delivery/delivery.ts';
import { linkAddress } from '../text/escape.ts';
import { without } from '../text/layout.ts';
import { cleanLine, cutToBytes } from '../text/text.ts';

/** Parts of a message that several providers show in the same way. */

export interface Button {
  readonly label: string;
  /** Empty for a button with `press`. */
  readonly address: string;
  /** Token of a button on the alert, in channels that get the presses of their buttons. */
  readonly press?: string;
}

/** Bytes of an address that is not in the text, and of those of all buttons: providers refuse a message with longer ones. */
const MAX_ADDRESS_BYTES = 2048;
const MAX_ADDRESSES_BYTES = 4096;

/** Address for a place of its own, such as a button; undefined if it is not valid or too long, so that the text shows it. */
export function placedAddress(text = ''): string | undefined {
  const address = linkAddress(text);
  return address !== undefined && address.length <= MAX_ADDRESS_BYTES ? address : undefined;
}

/**
 * Actions as buttons. Empty if one of them has no valid address, if their addresses are too long, or if there are more than `max`,
 * since a reader could not see that some are missing.
 */
export function buttonsOf(actions: readonly Action[] = [], max: number, labelBytes: number): readonly Button[] {
  const buttons = actions.flatMap(({ label, url, press }): readonly Button[] => {
    if (press !== undefined) return [{ label: cutToBytes(cleanLine(label), labelBytes), address: '', press }];
    const address = placedAddress(url);
    return address === undefined ? [] : [{ label: cutToBytes(cleanLine(label), labelBytes) || address, address }];
  });
  const bytes = buttons.reduce((sum, { address }) => sum + address.length, 0);
  return buttons.length === actions.length && buttons.length <= max && bytes <= MAX_ADDRESSES_BYTES ? buttons : [];
}

/** The link, as a button `Open`, and the actions; empty under the conditions of `buttonsOf`. */
export const linkButtonsOf = ({ link, actions = [] }: Message, max: number, labelBytes: number): readonly Button[] =>
  buttonsOf([...(link === undefined ? [] : [{ label: 'Open', url: link }]), ...actions], max, labelBytes);

const DAY_MS = 86_400_000;

/** Number of the day on which a delivery was made. */
export const dayOf = ({ createdAt }: Delivery): number => Math.floor(createdAt / DAY_MS);

/** Key of the messages that update one another or share a thread: `replace_key`. Without one, each key of a rule begins a new thread each day. */
export const threadOf = ({ replace_key }: Message, delivery: Delivery): string =>
  replace_key ?? JSON.stringify([delivery.rule, delivery.key, dayOf(delivery)]);

export interface SeparateParts {
  readonly link: string | undefined;
  readonly image: string | undefined;
  readonly buttons: readonly Button[];
  /** Message without these parts, for its text. A part with an invalid address, or one that is too long, is still in it. */
  readonly rest: Message;
}

/** Parts that have places of their own at the provider: its link, its image, and at most `actions` buttons. */
export function separateParts(
  message: Message,
  places: {
    readonly link?: boolean;
    readonly image?: boolean;
    readonly actions?: number;
    readonly labelBytes?: number;
  },
): SeparateParts {
  const link = places.link === true ? placedAddress(message.link) : undefined;
  const image = places.image === true ? placedAddress(message.image) : undefined;
  const buttons = buttonsOf(message.actions, places.actions ?? 0, places.labelBytes ?? 60);
  const rest = without(
    message,
    ...(link === undefined ? [] : ['link' as const]),
    ...(image === undefined ? [] : ['image' as const]),
    ...(buttons.length === 0 ? [] : ['actions' as const]),
  );
  return { link, image, buttons, rest };
}

const COLOURS: Readonly<Record<Priority, number>> = {
  min: 0x9e9e9e,
  low: 0x9e9e9e,
  normal: 0x3b82f6,
  high: 0xf59e0b,
  urgent: 0xd9534f,
};
const RESOLVED = 0x22a55a;

/** Colour of the bar beside a message, as 0xRRGGBB. */
export const colourOf = ({ priority }: Message, { status }: Delivery): number =>
  status === 'resolved' ? RESOLVED : COLOURS[priority];

/** The same as `#rrggbb`. */
export const hexColourOf = (message: Message, delivery: Delivery): string =>
  `#${colourOf(message, delivery).toString(16).padStart(6, '0')}`;

/** Priority by which a message sounds: the end of an alert is no emergency. */
export const soundPriorityOf = ({ priority }: Message, { status }: Delivery): Priority =>
  status === 'resolved' && priority === 'urgent' ? 'high' : priority;
