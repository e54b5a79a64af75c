import { isObject } from '../../../core/values/json.ts';
import { isCredentialParameter } from '../../../lib/secrets/credential-names.ts';
import type { ConfigText } from '../config-text.ts';
import { type Draft, literal, type Settings } from '../draft.ts';
import type { ImportFormat, ImportInput } from '../format.ts';
import { plainTemplate } from '../urls/service.ts';
import { requestValue, scalarText, templateOf } from './request-value.ts';
import { translateTrigger, type Trigger, Untranslatable } from './trigger.ts';

type Hook = Readonly<Record<string, unknown>>;

const COMMAND = /["']?execute-command["']?\s*:/;
/** Actions of Go templates, which `webhook -template` replaces in the file. */
const GO_TEMPLATE = /\{\{-?\s*(?:getenv|credential|if|range|define|template)\b/;

/** Hooks of adnanh/webhook. https://github.com/adnanh/webhook/blob/master/docs/Hook-Definition.md */
export const hooks: ImportFormat = {
  name: 'webhook',
  about: 'hooks of adnanh/webhook',
  matches: ({ config, text }) =>
    config === undefined
      ? COMMAND.test(text) && GO_TEMPLATE.test(text)
      : Array.isArray(config.value) &&
        config.value.some((hook) => isObject(hook) && hook['execute-command'] !== undefined),
  translate,
};

function translate({ config, text }: ImportInput, draft: Draft): void {
  const template = text.split('\n').findIndex((line) => GO_TEMPLATE.test(line));
  if (template >= 0) {
    const mend = 'replace each `{{ ... }}` by its value, and import the file again';
    draft.skip({ line: template + 1, text: '{{ ... }}' }, 'this file is a Go template (`webhook -template`)', mend);
    return;
  }
  if (config === undefined || !Array.isArray(config.value)) {
    draft.skip({ line: 1, text: 'hooks' }, 'this is no list of hooks', 'write it as JSON or YAML');
    return;
  }
  const seen = new Set<string>();
  for (const [index, hook] of (config.value as readonly unknown[]).entries()) {
    const id = isObject(hook) && typeof hook.id === 'string' ? hook.id : '';
    if (!isObject(hook) || id === '' || seen.has(id))
      draft.skip(
        config.placeOf([index]),
        id === '' ? 'a hook needs an `id`' : 'another hook has this `id`',
        'give each hook its own `id`',
      );
    else {
      seen.add(id);
      translateHook(hook, id, { index, config, draft });
    }
  }
}

interface HookContext {
  readonly index: number;
  readonly config: ConfigText;
  readonly draft: Draft;
}

function translateHook(hook: Hook, id: string, context: HookContext): void {
  const { index, config, draft } = context;
  const place = config.placeOf([index]);
  const keep = (setting: string, value: string): string => draft.secret(`${id}_${setting}`, value);
  let trigger: Trigger;
  try {
    trigger = translateTrigger(hook['trigger-rule'], [index, 'trigger-rule'], keep);
  } catch (error) {
    if (!(error instanceof Untranslatable)) throw error;
    draft.skip(config.placeOf(error.path), `${error.reason}, so the hook ${id} is left out`, error.mend);
    return;
  }
  reportLost(hook, trigger, context);
  const { verify, allow, match, notes } = trigger;
  const origin = `Hook ${JSON.stringify(id)}, line ${place.line}.`;
  const source = draft.add(
    'sources',
    id,
    {
      type: 'webhook',
      path: `/hooks/${id}`,
      methods: methodsOf(hook, trigger, context),
      ...(verify !== undefined && { verify }),
      ...(allow !== undefined && { allow }),
      respond: respondOf(hook),
    },
    [origin, ...notes.source].join('\n'),
    place,
  );
  const channel = draft.add('channels', id, commandOf(hook, keep, context), origin, place);
  draft.add(
    'rules',
    id,
    { on: source, ...(Object.keys(match).length > 0 && { match }), notify: [channel] },
    [origin, ...notes.rule].join('\n'),
    place,
  );
}

const METHODS = ['POST', 'PUT', 'PATCH', 'GET'];

/** Methods of the hook; without a list all, but a signature needs a body. */
function methodsOf(hook: Hook, { verify }: Trigger, { index, config, draft }: HookContext): readonly string[] {
  const all = verify?.hmac === undefined && verify?.github === undefined ? METHODS : METHODS.slice(0, -1);
  const given = hook['http-methods'];
  if (!Array.isArray(given) || given.length === 0) return all;
  const wanted = given.map((method) => String(method).trim().toUpperCase());
  const known = wanted.filter((method) => METHODS.includes(method));
  if (known.length < wanted.length)
    draft.skip(
      config.placeOf([index, 'http-methods']),
      'a source takes POST, PUT, PATCH and GET',
      'use one of these methods',
    );
  return known.length === 0 ? all : known;
}

function respondOf(hook: Hook): Settings {
  const status = hook['success-http-response-code'];
  const message = hook['response-message'];
  return {
    status: typeof status === 'number' && status >= 200 && status < 300 ? status : 200,
    ...(typeof message === 'string' && message !== '' && { body: literal(plainTemplate(message)) }),
  };
}

/** Time for the program; webhook has no limit. */
const TIMEOUT = '1h';

function commandOf(hook: Hook, keep: (setting: string, value: string) => string, context: HookContext): Settings {
  const directory = hook['command-working-directory'];
  const cwd = typeof directory === 'string' && directory !== '' ? directory : undefined;
  const written = scalarText(hook['execute-command']);
  const isRelative = written.includes('/') && !written.startsWith('/');
  if (isRelative && cwd === undefined)
    context.draft.skip(
      context.config.placeOf([context.index, 'execute-command']),
      'a relative path starts at the folder of the rules',
      'give the whole path in `run` of the channel',
    );
  const program = isRelative && cwd !== undefined ? `${cwd.replace(/\/+$/, '')}/${written}` : written;
  const { fixed, changing } = environmentOf(hook, keep, context);
  const args = listOf(hook['pass-arguments-to-command']).map((argument, at) =>
    argumentOf(argument, ['pass-arguments-to-command', at], context),
  );
  return {
    type: 'command',
    run: [...(changing.length > 0 ? ['env', ...changing] : []), plainTemplate(program), ...args].map(literal),
    ...(cwd !== undefined && { cwd: literal(cwd) }),
    ...(Object.keys(fixed).length > 0 && { env: fixed }),
    delivery: { timeout: TIMEOUT },
  };
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** Template of an argument; one without an equivalent is reported, and stays empty so that the others keep their places. */
function argumentOf(given: unknown, path: readonly (string | number)[], { index, config, draft }: HookContext): string {
  const template = templateOf(requestValue(given));
  if (template !== undefined && !isBelowParsed(given, config, index)) return template;
  draft.skip(
    config.placeOf([index, ...path]),
    'an event does not have this value of the request',
    'the program gets an empty argument; it reads the whole event as JSON from its standard input',
  );
  return '{{ "" }}';
}

/** Whether a value is a part of a text that webhook would parse as JSON (`parse-parameters-as-json`). */
function isBelowParsed(given: unknown, { value }: ConfigText, index: number): boolean {
  const { source, name } = requestValue(given);
  const hook = (value as readonly Hook[])[index]!;
  return listOf(hook['parse-parameters-as-json'])
    .map(requestValue)
    .some((parsed) => parsed.source === source && name.startsWith(`${parsed.name}.`));
}

/** Environment of the program: fixed values, and `NAME={{ ... }}` for those of the request, which the program `env` sets. */
function environmentOf(
  hook: Hook,
  keep: (setting: string, value: string) => string,
  context: HookContext,
): { readonly fixed: Readonly<Record<string, string>>; readonly changing: readonly string[] } {
  const fixed: Record<string, string> = {};
  const changing: string[] = [];
  for (const [at, given] of listOf(hook['pass-environment-to-command']).entries()) {
    const { source, name } = requestValue(given);
    const variable =
      isObject(given) && typeof given.envname === 'string' && given.envname !== '' ? given.envname : `HOOK_${name}`;
    if (source === 'string' && /^[A-Za-z_]\w*$/.test(variable))
      fixed[variable] = isCredentialParameter(variable) ? keep(variable, name) : literal(name);
    else changing.push(`${variable}=${argumentOf(given, ['pass-environment-to-command', at], context)}`);
  }
  return { fixed, changing };
}

/** Settings of a hook that have no equivalent: reason and advice. */
const NO_EQUIVALENT: Readonly<Record<string, readonly [reason: string, mend: string]>> = {
  'include-command-output-in-response': [
    'a request is answered when its event is stored, before the program runs',
    'see `belfry deliveries` for the output',
  ],
  'include-command-output-in-response-on-error': [
    'a request is answered when its event is stored, before the program runs',
    'see `belfry dead list` for the output',
  ],
  'response-headers': ['an answer has no headers of its own', 'set them in a reverse proxy'],
  'trigger-rule-mismatch-http-response-code': [
    'a request is answered when its event is stored, before the rules see it',
    'see `belfry explain` for events that no rule takes',
  ],
  'incoming-payload-content-type': ['the request says what its body is', 'let the sender give the content type'],
  'parse-parameters-as-json': ['a text within the body is not parsed', 'let the sender send JSON'],
  'pass-file-to-command': [
    'no file is written for the program',
    'it reads the whole event as JSON from its standard input',
  ],
  'pre-hook-command': ['no program runs before the rules', 'run it in the command'],
  'trigger-signature-soft-failures': ['a wrong signature is always refused', 'leave it out'],
};

function reportLost(hook: Hook, { moved }: Trigger, { index, config, draft }: HookContext): void {
  for (const [name, [reason, mend]] of Object.entries(NO_EQUIVALENT)) {
    const value: unknown = hook[name];
    const isEmpty =
      value === undefined ||
      value === null ||
      value === false ||
      value === '' ||
      (Array.isArray(value) && value.length === 0);
    if (!isEmpty) draft.skip(config.placeOf([index, name]), reason, mend);
  }
  const status = hook['success-http-response-code'];
  if (typeof status === 'number' && (status < 200 || status > 299))
    draft.skip(
      config.placeOf([index, 'success-http-response-code']),
      'a stored event is answered with 2xx',
      'use a status from 200 to 299',
    );
  for (const path of moved)
    draft.skip(
      config.placeOf(path),
      'a token is not taken from here',
      'let the sender give it as `Authorization: Bearer TOKEN`',
    );
}
