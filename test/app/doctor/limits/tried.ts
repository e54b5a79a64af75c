/** A test of a limit: its file, and its title or the part of it in a table. */
interface Place {
  readonly file: string;
  readonly title: string;
}

const at = (file: string, ...titles: readonly string[]): readonly Place[] =>
  titles.map((title) => ({ file: `test/${file}.test.ts`, title }));

const PROBES = 'app/doctor/limits/requests';
const VALUES = 'app/doctor/limits/values';
const CONNECTIONS = 'http/listener/connections';
const SERVER = 'http/listener/server';
const PUSH = 'http/stream/push';
const DAEMON = 'attacks/limits/daemon';
const PLUGINS = 'channels/plugins/host';
const YAML = 'reload/yaml/parse';
const BACKTEST = 'app/api/unsaved/backtest';

const probe = (limit: string): readonly Place[] => at(PROBES, `limit: '${limit}'`);
const value = (limit: string): readonly Place[] => at(VALUES, `test('${limit}: `);
const daemon = (limit: string): readonly Place[] => at(DAEMON, `test('${limit}: `);

/** The tests of each limit, which try it at and above. */
export const TRIED: Readonly<Record<string, readonly Place[]>> = {
  open_files: [
    ...at(CONNECTIONS, 'connections leave open files for the store, the sources and the channels'),
    ...at(DAEMON, '`open_files: connections leave room for everything else'),
  ],
  connections: at(CONNECTIONS, 'connections beyond all that may be open are closed and counted'),
  address_connections: at(CONNECTIONS, 'an address beyond its connections gets 429, counted and logged once'),
  socket_connections: at(CONNECTIONS, 'the socket has its own share'),
  header_bytes: probe('header_bytes'),
  header_count: probe('header_count'),
  header_time: at(SERVER, 'headers that never end are cut off with 408'),
  request_time: at(SERVER, 'a body that never ends is cut off, and the log names the limit once'),
  chunk_extension: probe('chunk_extension'),
  body: probe('body'),
  token_rate: probe('token_rate'),
  button_rate: at('http/buttons', 'many wrong tokens are limited, and keep nobody with a right one from pressing it'),
  login_rate: at('http/request/failed-logins', 'wrong tokens get 401 and then 429 on every way in'),
  tickets: value('tickets'),
  page_size: probe('page_size'),
  wait: at('http/routes/events/events', '?wait answers with the deliveries, for five minutes at most'),
  user_connections: at(PUSH, 'a user has 16 streams at most'),
  feeds: at(PUSH, 'the feed has 100 clients at most'),
  frame_bytes: at(PUSH, 'a message of a client has at most 64 KiB in 256 fragments'),
  frame_fragments: at(PUSH, 'a message of a client has at most 64 KiB in 256 fragments'),
  unread_bytes: at(
    PUSH,
    'a client that does not read is closed at 1 MiB, and resumes without loss',
    'a client of the feed that does not read is closed at 1 MiB',
  ),
  browsers: at('app/channels/web-push', 'a user has 20 browsers at most'),
  event_rate: daemon('event_rate'),
  source_rate: at('sources/webhook/webhook', 'accepts as many requests as its rate allows'),
  queue: daemon('queue'),
  batch: [...probe('batch'), ...at('sources/webhook/each', 'refuses more elements than the limit')],
  repeated_data: value('repeated_data'),
  json_depth: [...probe('json_depth'), ...at('http/request/limits', 'a refusal by a limit of a webhook has a code')],
  json_values: probe('json_values'),
  json_key: probe('json_key'),
  attribute: probe('attribute'),
  idempotency_key: probe('idempotency_key'),
  signatures: value('signatures'),
  heartbeat_keys: at('sources/heartbeat/requests', 'are limited to ten thousand'),
  beat_key: value('beat_key'),
  beat_output: at('sources/heartbeat/requests', 'keeps the end of a long output, from a whole character on'),
  line_bytes: at('sources/lines/lines', 'a line longer than `max_line` is cut and marked, and the next one is whole'),
  digest_events: value('digest_events'),
  threshold_events: at('core/flow/steps/threshold', 'of very many events sends only their number'),
  held_groups: value('held_groups'),
  silences: at('app/api/alerts/alert-actions', 'at most a thousand silences may be active or pending'),
  history_time: [{ file: 'test/store/contract/retention.ts', title: 'deletes old events and their deliveries' }],
  history_size: [
    { file: 'test/store/contract/retention.ts', title: 'deletes the oldest events beyond the size limit' },
  ],
  rules_file: at('reload/load', 'a file over 16 MiB'),
  rules_tokens: at(YAML, 'more than half a million entries'),
  rules_depth: value('rules_depth'),
  rules_aliases: value('rules_aliases'),
  rules_files: daemon('rules_files'),
  rules_folders: value('rules_folders'),
  secret_bytes: value('secret_bytes'),
  expression_length: value('expression_length'),
  expression_macros: value('expression_macros'),
  expression_list: value('expression_list'),
  template_source: value('template_source'),
  template_steps: at('core/message/template', 'a render has a limit of steps, not of time'),
  template_memory: at('core/message/template', 'a template that renders endlessly is stopped'),
  message_field: at('core/message/render', 'a field that is too long is truncated with a mark'),
  attachments: at('channels/kit/mail/attachments', 'files have a limit together, and those that fit are attached'),
  answer_bytes: at('channels/kit/http/client', 'without end is read up to 64 KiB'),
  stored_request: at('channels/kit/http/exchange/mask', 'a long body is cut with its size'),
  stored_answer: at('channels/kit/http/client', 'at most 4 KiB of the answer are kept, with a mark'),
  retry_after: at('channels/kit/http/client', 'Retry-After is seconds or a date, at most 24 hours'),
  hold: probe('hold'),
  program_output: at('channels/local/command', '4 KiB of its output are kept, and the rest does not block it'),
  dead_letter_line: at('delivery/dead-letters/file', 'a line of 256 MiB is read in parts: memory stays bounded'),
  plugin_memory: at(PLUGINS, 'a plugin that needs too much memory is ended'),
  plugin_call: at(PLUGINS, 'a plugin whose `escape` is an endless loop makes the daemon wait three times at most'),
  plugin_load: at(PLUGINS, 'a plugin that is an endless loop is reported after 10 s'),
  jobs: at('app/jobs/jobs', 'the last 50 jobs that ended are kept; running ones are at most 20'),
  ended_jobs: at('app/jobs/jobs', 'the last 50 jobs that ended are kept; running ones are at most 20'),
  rerun_events: daemon('rerun_events'),
  unsaved_threads: daemon('unsaved_threads'),
  backtests: at(BACKTEST, 'one backtest runs at a time'),
  rule_tests: daemon('rule_tests'),
};

/** Limits that no test tries, with the reason. */
export const UNTRIED: Readonly<Record<string, string>> = {
  channel_connections:
    'the lane of a channel makes no more attempts than `concurrency`, which is tested; the client allows a connection for each of the most',
  line_files: 'closing an idle file is not visible from outside; tests follow more files than this',
  rule_tests_memory:
    'filling half a gigabyte takes too long; the limit is that of V8 for a thread, which the test of plugins tries',
  rule_tests_time: 'no rule test is slow enough: each template and expression has a limit of its own',
  unsaved_memory:
    'filling half a gigabyte takes too long; the limit is that of V8 for a thread, which the test of plugins tries',
  unsaved_time:
    'no rules of a request are slow enough: the body, each template and each expression have a limit of their own',
};
