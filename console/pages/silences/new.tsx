import { useSignal } from '@preact/signals';
import type { VNode } from 'preact';
import type { SilencePlanView } from '../../../daemon/http/daemon-api.ts';
import type { ListedSilenceView } from '../../../daemon/http/views.ts';
import { call } from '../../api/client.ts';
import { cliOf, curlOf } from '../../api/paths.ts';
import { go, place, setQuery } from '../../lib/router.ts';
import { texts } from '../../lib/texts.ts';
import { Action } from '../../ui/action.tsx';
import { CopyCommands } from '../../ui/copy.tsx';
import { Page } from '../../ui/page.tsx';
import { linesOf, matchOf, type MatchLine, readMatch } from './match.ts';
import { MatchEditor } from './match-editor.tsx';
import { countsOf, Preview, type Problem, problemsOf } from './preview.tsx';
import { DEFAULT_LENGTH, type FIELDS, requestsOf } from './request.ts';
import { Suggestions } from './suggestions.tsx';

const LENGTHS = ['30m', '1h', '2h', '4h', '8h', '1d', '7d'];
/** Form for a new silence, filled by its address, with what it would have silenced. */
export function NewSilence(): VNode {
  const { silences: t } = texts.value;
  const { query } = place.value;
  const lines = useSignal<readonly MatchLine[]>(linesOf(readMatch(query.match)));
  const problems = useSignal<readonly Problem[]>([]);
  const plan = useSignal<SilencePlanView | undefined>(undefined);
  const isForced = useSignal(false);
  const match = matchOf(lines.value);
  const edit = (next: readonly MatchLine[]): void => {
    lines.value = next;
    const edited = matchOf(next);
    if (edited !== undefined) setQuery({ match: JSON.stringify(edited) }, { replace: true });
  };
  const length = query.for ?? DEFAULT_LENGTH;
  const isEmpty = match === undefined || (Object.keys(match).length === 0 && query.if === undefined);
  const { planned, silence: body } = requestsOf(match, query, isForced.value);
  return (
    <Page title={t.new}>
      <div class="new-silence">
        <form class="form" onSubmit={(event) => event.preventDefault()}>
          <MatchEditor lines={lines.value} onChange={edit} />
          <Suggestions match={match ?? {}} lines={lines.value} onChange={edit} />
          <Length value={length} />
          <Text name="reason" label={t.reasonRequired} placeholder={t.reasonExample} isRequired />
          <More />
          <Problems of={problems.value} isForced={isForced} />
          <div class="thumb thumb-always">
            {plan.value !== undefined && !isEmpty && <p class="thumb-note">{summary(plan.value)}</p>}
            <Action
              scope="ack"
              kind="primary"
              disabled={isEmpty}
              run={() =>
                make(body, (refused) => {
                  problems.value = refused;
                  document.querySelector<HTMLElement>('input:invalid')?.focus();
                })
              }
            >
              {t.make(length)}
            </Action>
          </div>
          <CopyCommands cli={cliText(body)} curl={curlOf('POST', '/v1/silences', body)} />
        </form>
        {isEmpty ? (
          <p class="quiet-line">{match === undefined ? t.notJson : t.start}</p>
        ) : (
          <Preview
            body={planned}
            onPlan={(found, refused) => {
              plan.value = found;
              problems.value = refused;
            }}
          />
        )}
      </div>
    </Page>
  );
}

/** Makes the silence and opens it, or shows why it was refused. */
async function make(body: object, onRefused: (problems: readonly Problem[]) => void): Promise<string | void> {
  try {
    const made = await call<ListedSilenceView>('POST', '/v1/silences', { body });
    go(['silences', made.id]);
    return texts.value.silences.isMade;
  } catch (error) {
    onRefused(problemsOf(error));
  }
}

/** The numbers of a plan in one line, which a phone shows above the button. */
const summary = (plan: SilencePlanView): string =>
  countsOf(plan)
    .map((parts) => parts.join(' '))
    .join(' · ');

function cliText({ match, ...given }: { match: object | undefined; if?: string; for: string; reason: string }): string {
  const condition = given.if === undefined ? [] : ['--if', given.if];
  return cliOf(
    'silence',
    'add',
    '--match',
    JSON.stringify(match ?? {}),
    ...condition,
    '--for',
    given.for,
    '--reason',
    given.reason,
  );
}

/** Duration: one of a few, or a text. */
function Length({ value }: { value: string }): VNode {
  const { silences: t } = texts.value;
  return (
    <fieldset class="lengths">
      <legend>{t.for}</legend>
      {LENGTHS.map((length) => (
        <button
          key={length}
          type="button"
          aria-pressed={length === value}
          onClick={() => setQuery({ for: length }, { replace: true })}
        >
          {length}
        </button>
      ))}
      <Input name="for" label={t.for} placeholder={DEFAULT_LENGTH} />
    </fieldset>
  );
}

interface InputProps {
  readonly name: (typeof FIELDS)[number];
  readonly label: string;
  readonly placeholder?: string;
  readonly type?: 'text' | 'datetime-local';
  readonly isRequired?: boolean;
}

function Text(props: InputProps): VNode {
  return (
    <label>
      {props.label}
      <Input {...props} />
    </label>
  );
}

/** Field whose value stands in the address. */
function Input({ name, label, placeholder, type = 'text', isRequired = false }: InputProps): VNode {
  return (
    <input
      name={name}
      aria-label={label}
      // The types of elements know no choice of types.
      type={type as 'text'}
      value={place.value.query[name] ?? ''}
      placeholder={placeholder}
      required={isRequired}
      autoComplete="off"
      onInput={({ currentTarget }) => setQuery({ [name]: currentTarget.value }, { replace: true })}
    />
  );
}

/** Settings that few silences need. */
function More(): VNode {
  const { silences: t } = texts.value;
  const { query } = place.value;
  return (
    <details open={query.if !== undefined || query.from !== undefined || query.name !== undefined}>
      <summary>{t.more}</summary>
      <div class="form">
        <Text name="if" label={t.condition} placeholder={'data.severity != "critical"'} />
        <Text name="from" label={t.from} type="datetime-local" />
        <Text name="name" label={t.name} />
      </div>
    </details>
  );
}

function Problems({ of, isForced }: { of: readonly Problem[]; isForced: { value: boolean } }): VNode | null {
  const { silences: t } = texts.value;
  const isRule = of.some(({ pointer }) => pointer === '/match/rule');
  if (of.length === 0 && !isForced.value) return null;
  return (
    <div class="refused" role="alert">
      {of.map(({ pointer, message, mend }) => (
        <p key={pointer + message}>
          {pointer !== '' && <strong>{pointer.slice(1).replaceAll('/', '.')}: </strong>}
          {message}
          {mend !== '' && `: ${mend}`}
        </p>
      ))}
      {(isRule || isForced.value) && (
        <label class="check">
          <input
            type="checkbox"
            checked={isForced.value}
            onChange={({ currentTarget }) => {
              isForced.value = currentTarget.checked;
            }}
          />
          {t.force}
        </label>
      )}
    </div>
  );
}
