import type { Delivery } from '../../../core/delivery/delivery.ts';
import type { Message } from '../../../core/message/message.ts';
import { fitText, layoutOf, PLAIN } from '../../kit/text/layout.ts';
import { joinLines } from '../../kit/text/plain.ts';
import { BYTES, byteLength, cleanLine, cutToBytes } from '../../kit/text/text.ts';

/** Facilities by name. https://www.rfc-editor.org/rfc/rfc5424#section-6.2.1 */
export const FACILITIES = {
  kern: 0,
  user: 1,
  mail: 2,
  daemon: 3,
  auth: 4,
  syslog: 5,
  lpr: 6,
  news: 7,
  uucp: 8,
  cron: 9,
  authpriv: 10,
  ftp: 11,
  local0: 16,
  local1: 17,
  local2: 18,
  local3: 19,
  local4: 20,
  local5: 21,
  local6: 22,
  local7: 23,
} as const;

export type Facility = keyof typeof FACILITIES;

/** Severities: debug, info, notice, error, alert. https://www.rfc-editor.org/rfc/rfc5424#section-6.2.1 */
const SEVERITIES = { min: 7, low: 6, normal: 5, high: 3, urgent: 1 } as const;

export interface SyslogContext {
  readonly facility: Facility;
  readonly appName: string;
  readonly hostname: string;
  /** Bytes of the whole message. */
  readonly limit: number;
}

/** Longest values of the header and of the structured data, bytes. https://www.rfc-editor.org/rfc/rfc5424#section-6 */
const MAX_HOSTNAME = 255;
const MAX_APP_NAME = 48;
const MAX_MESSAGE_ID = 32;
const MAX_VALUE = 128;

/**
 * Name of the structured data. Names without a registered meaning need an enterprise number; 32473 is the one for documentation,
 * because the project has none. https://www.rfc-editor.org/rfc/rfc5612
 */
const DATA_ID = 'belfry@32473';

/** Message of RFC 5424, on one line and without control characters. */
export function syslogMessage(message: Message, delivery: Delivery, context: SyslogContext): Buffer {
  const { facility, appName, hostname, limit } = context;
  const priority = FACILITIES[facility] * 8 + SEVERITIES[message.priority];
  const header = [
    `<${priority}>1`,
    new Date(delivery.createdAt).toISOString(),
    headerField(hostname, MAX_HOSTNAME),
    headerField(appName, MAX_APP_NAME),
    '-',
    headerField(delivery.rule, MAX_MESSAGE_ID),
  ].join(' ');
  const head = `${header} ${structuredData(message, delivery)} `;
  const text = textOf(message, limit - byteLength(head) - BOM.length);
  return Buffer.concat([Buffer.from(head), ...(isAscii(text) ? [] : [BOM]), Buffer.from(text)]);
}

/** Mark of UTF-8, which RFC 5424 asks for; readers often show it, so that plain ASCII goes without. */
const BOM = Buffer.from('\uFEFF');

const isAscii = (text: string): boolean => /^[ -~]*$/.test(text);

/** Field of the header: visible ASCII, or `-` for nothing. */
export function headerField(text: string, max: number): string {
  const visible = text.replace(/[^!-~]/g, '').slice(0, max);
  return visible === '' ? '-' : visible;
}

function structuredData({ priority, tags }: Message, { id, rule, key, status }: Delivery): string {
  const values = { id, rule, key, status, priority, ...(tags.length > 0 && { tags: tags.join(',') }) };
  const parameters = Object.entries(values).map(([name, value]) => `${name}="${dataValue(value)}"`);
  return `[${DATA_ID} ${parameters.join(' ')}]`;
}

/** Value of structured data, in which `"`, `\` and `]` are escaped. https://www.rfc-editor.org/rfc/rfc5424#section-6.3.3 */
const dataValue = (text: string): string => cutToBytes(cleanLine(text), MAX_VALUE).replace(/["\\\]]/g, String.raw`\$&`);

function textOf(message: Message, room: number): string {
  // A mark on each line break makes the text longer, so that it may have to be cut again.
  const text = joinLines(fitText(layoutOf(message, PLAIN, { unit: BYTES }), Math.floor(room * FILL)));
  return cutToBytes(cleanLine(text), room);
}

/** Part of the room that the text fills before its lines are joined. */
const FILL = 0.9;
