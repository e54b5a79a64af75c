import type { SettingProblem } from '../../core/compile/registry.ts';
import { SendFailure } from '../../core/problems/failure.ts';
import { oneOrMany, strict } from '../../core/schema/fields.ts';
import { type Static, Type } from '../../core/schema/type.ts';
import { isObject, parseJson } from '../../core/values/json.ts';
import { joinPointer } from '../../core/values/pointer.ts';
import { cutToBytes } from '../kit/text/text.ts';
import { failureOf, type HttpAnswer, isSuccess, shown, type StatusRange } from '../kit/http/failures.ts';

const statusesSetting = () =>
  oneOrMany(
    Type.Unsafe<string | number>({
      anyOf: [
        { type: 'integer', minimum: 100, maximum: 599 },
        { type: 'string', pattern: String.raw`^[1-5]\d\d-[1-5]\d\d$`, examples: ['200-299'] },
      ],
      description: 'A status or a range of them.',
      examples: ['200-299', 304],
    }),
    { description: 'Statuses that mean success.', examples: [['200-299', 409]], default: ['200-299'] },
  );

type Scalar = string | number | boolean | null;

const SCALAR = { type: ['string', 'number', 'boolean', 'null'] };

const contentSetting = strict(
  {
    status: Type.Optional(statusesSetting()),
    json: Type.Optional(
      Type.Record(
        Type.String(),
        Type.Unsafe<Scalar | readonly Scalar[]>({
          anyOf: [SCALAR, { type: 'array', items: SCALAR, minItems: 1 }],
          description: 'The value, or a list of values, that a field of the answer must have.',
          examples: [0, ['ok', 'queued']],
        }),
        {
          description: 'Fields that the JSON of a successful answer has, by their paths with dots.',
          examples: [{ errcode: 0 }, { 'result.state': ['ok', 'queued'] }],
        },
      ),
    ),
  },
  { description: 'Statuses, and fields of the answer.' },
);

/** Setting `success`. */
export const successSetting = () =>
  Type.Unsafe<Static<ReturnType<typeof statusesSetting>> | Static<typeof contentSetting>>({
    anyOf: [statusesSetting(), contentSetting],
    description:
      'Answers that mean success: statuses, or `status` and fields of the body. A 2xx answer is not success for every service.',
    examples: [['200-299', 409], { status: '200-299', json: { ok: true } }],
    default: ['200-299'],
  });

export type SuccessSetting = Static<ReturnType<typeof successSetting>>;

interface Success {
  readonly status: readonly (string | number)[];
  readonly json: Readonly<Record<string, Scalar | readonly Scalar[]>>;
}

const ANY_2XX = ['200-299'];

function successOf(setting: SuccessSetting | undefined): Success {
  if (setting === undefined) return { status: ANY_2XX, json: {} };
  if (Array.isArray(setting)) return { status: setting as Success['status'], json: {} };
  const { status = ANY_2XX, json = {} } = setting as Static<typeof contentSetting>;
  return { status, json };
}

export function checkSuccess(setting: SuccessSetting | undefined): SettingProblem[] {
  const base = setting === undefined || Array.isArray(setting) ? '/success' : '/success/status';
  const { status, json } = successOf(setting);
  const ranges = status.flatMap((range, index) => {
    const [first, last] = rangeOf(range);
    if (first <= last) return [];
    const message = 'this range ends before it begins, so it contains no status';
    return [{ pointer: `${base}/${index}`, message, mend: 'write the smaller status first: `200-299`' }];
  });
  const paths = Object.keys(json)
    .filter((path) => !/^[^.]+(?:\.[^.]+)*$/.test(path))
    .map((path) => ({
      pointer: joinPointer('/success/json', path),
      message: 'this is not a path in the answer',
      mend: 'write names with dots between them: `result.state`',
    }));
  return [...ranges, ...paths];
}

/** Returns a function that finds the failure in an answer; undefined for success. */
export function judgeBy(
  setting: SuccessSetting | undefined,
): (answer: HttpAnswer, now: number) => SendFailure | undefined {
  const { status, json } = successOf(setting);
  const ranges = status.map(rangeOf);
  const wanted = Object.entries(json);
  return (answer, now) => {
    if (!isSuccess(answer.status, ranges)) return failureOf(answer, now);
    return wanted.length === 0 ? undefined : contentFailure(answer, wanted);
  };
}

function contentFailure(answer: HttpAnswer, wanted: readonly (readonly [string, unknown])[]): SendFailure | undefined {
  const detail = { status: answer.status, body: shown(answer.text) };
  const read = jsonOf(answer.text);
  // A login page, or the page of a proxy: nothing shows whether the message was handled.
  if (read === undefined)
    return new SendFailure('unknown', 'webhook.unreadable', 'the answer is not JSON, as `success` wants it', detail);
  const differences = wanted.flatMap(([path, values]) => {
    const value = valueAt(read.json, path);
    return [values].flat().includes(value as Scalar) ? [] : [`\`${path}\` of the answer is ${textOf(value)}`];
  });
  if (differences.length === 0) return undefined;
  return new SendFailure(
    'permanent',
    'webhook.answer',
    `${differences.join(', ')}: not what \`success\` wants`,
    detail,
  );
}

function jsonOf(text: string): { readonly json: unknown } | undefined {
  try {
    return { json: parseJson(text) };
  } catch {
    return undefined;
  }
}

function valueAt(json: unknown, path: string): unknown {
  let value = json;
  for (const name of path.split('.')) {
    const isIndex = Array.isArray(value) && /^\d+$/.test(name);
    if (!isIndex && !(isObject(value) && Object.hasOwn(value, name))) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[name];
  }
  return value;
}

const MAX_VALUE_BYTES = 100;

function textOf(value: unknown): string {
  if (value === undefined) return 'missing';
  return Array.isArray(value)
    ? 'a list'
    : isObject(value)
      ? 'a map'
      : cutToBytes(JSON.stringify(value), MAX_VALUE_BYTES);
}

function rangeOf(written: string | number): StatusRange {
  const [first, last = first] = `${written}`.split('-').map(Number);
  return [first!, last!];
}
