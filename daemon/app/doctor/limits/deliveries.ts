import { DEFAULT_CONNECTIONS, MAX_ANSWER_BYTES } from '../../../channels/kit/http/client.ts';
import { MAX_BYTES } from '../../../channels/kit/mail/attachments.ts';
import { MAX_KEPT_BYTES } from '../../../channels/kit/program.ts';
import { LOAD_TIMEOUT_MS, MAX_HEAP_MB, SYNC_TIMEOUT_MS } from '../../../channels/plugins/plugin-thread.ts';
import { MAX_ANSWER_BODY_BYTES, MAX_REQUEST_BODY_BYTES } from '../../../core/delivery/exchange.ts';
import { MAX_HOLD_MS } from '../../../core/delivery/hold.ts';
import { MAX_RETRY_AFTER_MS } from '../../../core/delivery/judge.ts';
import { MAX_FIELD_LENGTH } from '../../../core/message/truncate.ts';
import { MAX_LINE_BYTES } from '../../../delivery/dead-letters/records.ts';
import { formatDuration } from '../../../lib/time/duration.ts';
import { bytes, type LimitSection, number } from '../../../core/schema/reference/limit.ts';

export const deliveries: LimitSection = {
  title: 'Messages and channels',
  limits: [
    {
      name: 'message_field',
      of: 'Characters of a field of a message; a [channel type](reference-channels.md) may have less',
      most: number(MAX_FIELD_LENGTH),
      beyond: 'cut, with a mark that says how much is missing',
    },
    {
      name: 'attachments',
      of: 'Files attached to a mail, together',
      most: bytes(MAX_BYTES),
      beyond: 'the mail names the files that are left out',
    },
    {
      name: 'channel_connections',
      of: 'Connections of an HTTP channel to one host, one for each attempt that `delivery.concurrency` allows',
      most: number(DEFAULT_CONNECTIONS),
      beyond: 'further deliveries wait',
    },
    {
      name: 'answer_bytes',
      of: 'Answer of a provider that is read',
      most: bytes(MAX_ANSWER_BYTES),
      beyond: 'the rest is not read, and the connection is closed',
    },
    {
      name: 'stored_request',
      of: 'Body of the last request of a delivery that the history keeps',
      most: bytes(MAX_REQUEST_BODY_BYTES),
      beyond: 'cut, with its size',
    },
    {
      name: 'stored_answer',
      of: 'Body of the last answer of a delivery that the history keeps',
      most: bytes(MAX_ANSWER_BODY_BYTES),
      beyond: 'cut, with its size',
    },
    {
      name: 'retry_after',
      of: 'Pause that a provider asks for',
      most: formatDuration(MAX_RETRY_AFTER_MS),
      beyond: 'the pause is this long',
    },
    {
      name: 'hold',
      of: 'Time of a hold that ends by itself',
      most: formatDuration(MAX_HOLD_MS),
      beyond: '400 `hold.body`',
    },
    {
      name: 'program_output',
      of: 'Output of a program of a channel that is kept, each stream',
      most: bytes(MAX_KEPT_BYTES),
      beyond: 'the rest is read and dropped',
    },
    {
      name: 'dead_letter_line',
      of: 'Line of the dead-letter file',
      most: bytes(MAX_LINE_BYTES),
      beyond: 'it stays in the file and is not read; `dead list` names it',
    },
    {
      name: 'plugin_memory',
      of: 'Memory of a plugin',
      most: `${MAX_HEAP_MB} MB`,
      beyond: 'the plugin is ended and started again; its attempts are `unknown`',
      counted: 'delivery',
    },
    {
      name: 'plugin_call',
      of: 'Time of a call for which the daemon waits',
      most: formatDuration(SYNC_TIMEOUT_MS),
      beyond: 'the plugin is ended and started again, after three times in a row when its file changes',
      counted: 'delivery',
    },
    {
      name: 'plugin_load',
      of: 'Time for loading a plugin',
      most: formatDuration(LOAD_TIMEOUT_MS),
      beyond: 'the rules do not load',
      counted: 'reload',
    },
  ],
};
