import { useSignal } from '@preact/signals';
import type { VNode } from 'preact';
import { useEffect } from 'preact/hooks';
import type { DeadLetter } from '../../../daemon/http/api/dead-letters.ts';
import { call, send } from '../../api/client.ts';
import { cliOf, curlOf, path } from '../../api/paths.ts';
import { useResource } from '../../api/resource.ts';
import { may } from '../../api/session.ts';
import { go, href, place, setQuery } from '../../lib/router.ts';
import { texts } from '../../lib/texts.ts';
import { Action } from '../../ui/action.tsx';
import { Chip } from '../../ui/chip.tsx';
import { CopyCommands } from '../../ui/copy.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { Code, Facts, Json } from '../../ui/facts.tsx';
import { Page, Section } from '../../ui/page.tsx';
import { Empty, Loaded, Loading } from '../../ui/states.tsx';
import { Ago, Time } from '../../ui/time.tsx';
import type { Basis } from './edit.ts';
import { EditForm } from './edit-form.tsx';
import { Jobs } from './jobs.tsx';
import { letterChanges, lettersChanged } from './letters.ts';
import { ResendDialog } from './resend-dialog.tsx';

/** One dead letter: why it failed, its message, and what to do about it. */
export function LetterPage({ id }: { id: string }): VNode {
  const { dead } = texts.value;
  const letter = useResource<DeadLetter>(path('dead', id), { live: false });
  const { query } = place.value;
  const changes = letterChanges.value;
  useEffect(() => letter.reload(), [changes]);
  const found = letter.value.value;
  const isGone = letter.error.value?.status === 404;
  return (
    <Page
      title={found?.message.title || dead.letter}
      actions={
        <>
          {found !== undefined && !isGone && may('admin') && <Buttons />}
          <CopyCommands curl={curlOf('GET', path('dead', id))} cli={cliOf('dead', 'show', id)} />
        </>
      }
    >
      <Jobs />
      {isGone ? (
        <Empty title={dead.gone}>
          <a href={href(['deliveries', id])}>{dead.toDelivery}</a>
        </Empty>
      ) : (
        <Loaded of={letter}>
          {(one) => (
            <div class="story">
              <div>
                <LetterFacts letter={one} />
                {query.edit === '1' && may('admin') ? <Editing id={id} /> : <Message message={one.message} />}
              </div>
              <aside>
                <Attempts letter={one} />
                <Section title={texts.value.events.payload}>
                  <Json value={one.event} label={texts.value.events.payload} />
                </Section>
              </aside>
            </div>
          )}
        </Loaded>
      )}
      {query.do === 'resend' && <ResendDialog selection={{ ids: [id] }} words={[id]} />}
      {query.do === 'drop' && <DropDialog id={id} />}
    </Page>
  );
}

function Buttons(): VNode {
  const { dead } = texts.value;
  return (
    <>
      <button type="button" class="primary" onClick={() => setQuery({ do: 'resend' })}>
        {dead.sendOne}
      </button>
      {place.value.query.edit !== '1' && (
        <button type="button" onClick={() => setQuery({ edit: '1' })}>
          {dead.edit}
        </button>
      )}
      <button type="button" class="danger" onClick={() => setQuery({ do: 'drop' })}>
        {dead.drop}
      </button>
    </>
  );
}

/** The form, with the record and the `ETag` of the moment in which the edit began. */
function Editing({ id }: { id: string }): VNode {
  const basis = useSignal<Basis | undefined>(undefined);
  useEffect(() => {
    const controller = new AbortController();
    send('GET', path('dead', id), { signal: controller.signal }).then(
      async (response) => {
        const record = (await response.json()) as DeadLetter;
        basis.value = { record, etag: response.headers.get('etag') ?? '*' };
      },
      () => undefined,
    );
    return () => controller.abort();
  }, [id]);
  const saved = (): void => {
    lettersChanged();
    setQuery({ edit: undefined });
  };
  return basis.value === undefined ? <Loading /> : <EditForm basis={basis.value} onSaved={saved} />;
}

function LetterFacts({ letter }: { letter: DeadLetter }): VNode {
  const { dead, events } = texts.value;
  const { labels } = texts.value.filters;
  const { id, class: deadClass, error, channel, channel_type: type, rule, key, event, dead_at: at } = letter;
  return (
    <>
      <p class="answer">
        <Chip state={deadClass} tone={deadClass === 'permanent' ? 'bad' : 'warn'} /> {error.code}: {error.message}
      </p>
      {(error.body ?? '') !== '' && <Code text={error.body!} label={dead.answer} />}
      <Facts
        of={[
          [
            dead.died,
            <>
              <Time at={at} /> (<Ago at={at} />)
            </>,
          ],
          [
            labels.channel,
            <>
              <a href={href(['channels'])}>{channel}</a> <span class="soft">{type}</span>
            </>,
          ],
          [labels.rule, <a href={href(['rules', rule])}>{rule}</a>],
          [events.key, key],
          [
            events.event,
            <a href={href(['events', event.id])}>
              {event.type} · {dead.why}
            </a>,
          ],
          [
            'ID',
            <a href={href(['deliveries', id])}>
              <code class="id">{id}</code>
            </a>,
          ],
        ]}
      />
    </>
  );
}

function Message({ message }: { message: DeadLetter['message'] }): VNode {
  const { dead } = texts.value;
  const { title, body, ...rest } = message;
  return (
    <Section title={dead.message}>
      <p class="letter-title">
        <strong>{title}</strong>
      </p>
      {body !== '' && <Code text={body} label={dead.fields.body} />}
      <Facts of={Object.entries(rest).map(([name, value]) => [name, textOf(value)])} />
    </Section>
  );
}

function textOf(value: unknown): string {
  if (Array.isArray(value) && value.every((one) => typeof one === 'string')) return value.join(', ');
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function Attempts({ letter: { attempts } }: { letter: DeadLetter }): VNode {
  const { dead, events } = texts.value;
  return (
    <Section title={dead.attempts}>
      <ul class="attempts">
        {attempts.map(({ at, ms, class: failureClass, code, message }) => (
          <li key={at}>
            <Time at={at} /> <Chip state={failureClass ?? 'delivered'} /> <strong>{code}</strong> {message}{' '}
            <span class="soft">{ms} ms</span>
          </li>
        ))}
      </ul>
      {attempts.length === 0 && <p class="soft">{events.attempts(0)}</p>}
    </Section>
  );
}

/** Asks before a letter is dropped, because nothing brings it back. */
function DropDialog({ id }: { id: string }): VNode {
  const { dead, common } = texts.value;
  const close = (): void => setQuery({ do: undefined });
  const drop = async (): Promise<string> => {
    await call('DELETE', path('dead', id));
    lettersChanged();
    go(['dead']);
    return dead.dropped;
  };
  return (
    <Dialog title={dead.dropTitle} onClose={close}>
      <p>{dead.dropMore}</p>
      <p class="form-end">
        <CopyCommands curl={curlOf('DELETE', path('dead', id))} cli={cliOf('dead', 'drop', id)} />
        <button type="button" onClick={close}>
          {common.cancel}
        </button>
        <Action scope="admin" kind="danger" run={drop}>
          {dead.drop}
        </Action>
      </p>
    </Dialog>
  );
}
