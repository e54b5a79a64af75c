import type { Signal } from '@preact/signals';
import type { ComponentChildren, VNode } from 'preact';
import type { ChannelView } from '../../../daemon/http/views.ts';
import { curlOf, path } from '../../api/paths.ts';
import { useResource } from '../../api/resource.ts';
import { setQuery } from '../../lib/router.ts';
import { texts } from '../../lib/texts.ts';
import { Action } from '../../ui/action.tsx';
import { CopyCommands } from '../../ui/copy.tsx';
import { Section } from '../../ui/page.tsx';
import { Difference } from './difference.tsx';
import { type Basis, type Edit, type Message, useEdit } from './edit.ts';

const PRIORITIES = ['min', 'low', 'normal', 'high', 'urgent'];
const FORMATS = ['text', 'markdown', 'html'];

/** Form for the message and the channel of a letter. The difference is shown before it is saved. */
export function EditForm({ basis, onSaved }: { basis: Basis; onSaved: () => void }): VNode {
  const { dead, common } = texts.value;
  const edit = useEdit(basis, onSaved);
  const { changes, body, save } = edit;
  return (
    <Section title={dead.edit}>
      <form class="form edit" onSubmit={(event) => event.preventDefault()}>
        <Inputs edit={edit} />
        <Refusal edit={edit} />
        {changes.length > 0 && (
          <>
            <h3>{dead.difference}</h3>
            <Difference of={changes} label={dead.difference} />
          </>
        )}
        <p class="form-end">
          {changes.length > 0 && <CopyCommands curl={curlOf('PATCH', path('dead', basis.record.id), body)} />}
          <button type="button" onClick={() => setQuery({ edit: undefined })}>
            {common.cancel}
          </button>
          <Action scope="admin" kind="primary" disabled={changes.length === 0} run={save}>
            {dead.save}
          </Action>
        </p>
      </form>
    </Section>
  );
}

function Inputs({ edit: { message, channel, others, isJson, set } }: { edit: Edit }): VNode {
  const { dead } = texts.value;
  const { title, body, priority, format } = message.value;
  return (
    <>
      <Field label={dead.fields.title}>
        <input value={title} onInput={({ currentTarget }) => set({ title: currentTarget.value })} />
      </Field>
      <Field label={dead.fields.body}>
        <textarea rows={6} value={body} onInput={({ currentTarget }) => set({ body: currentTarget.value })} />
      </Field>
      <div class="edit-row">
        <Field label={texts.value.filters.labels.channel}>
          <ChannelSelect value={channel.value} onChange={(name) => (channel.value = name)} />
        </Field>
        <Field label={dead.fields.priority}>
          <Select
            of={PRIORITIES}
            value={priority}
            onChange={(value) => set({ priority: value as Message['priority'] })}
          />
        </Field>
        <Field label={dead.fields.format}>
          <Select of={FORMATS} value={format} onChange={(value) => set({ format: value as Message['format'] })} />
        </Field>
      </div>
      <Field label={dead.fields.link}>
        <LinkInput message={message} />
      </Field>
      <Field label={dead.fields.others}>
        <textarea
          rows={4}
          spellcheck={false}
          value={others.value}
          aria-invalid={!isJson}
          onInput={({ currentTarget }) => (others.value = currentTarget.value)}
        />
      </Field>
      {!isJson && <p class="answer-bad">{dead.notJson}</p>}
    </>
  );
}

/** An empty link is none. */
function LinkInput({ message }: { message: Signal<Message> }): VNode {
  const change = (value: string): void => {
    const fields = Object.entries(message.value).filter(([name]) => name !== 'link');
    message.value = { ...(Object.fromEntries(fields) as unknown as Message), ...(value !== '' && { link: value }) };
  };
  return <input value={message.value.link ?? ''} onInput={({ currentTarget }) => change(currentTarget.value)} />;
}

/** Reasons why the last save was refused: a change of somebody else, or values that cannot be sent. */
function Refusal({ edit: { meanwhile, problems } }: { edit: Edit }): VNode {
  const { dead } = texts.value;
  return (
    <>
      {meanwhile.length > 0 && (
        <div class="failed" role="alert">
          <p>{dead.changedMeanwhile}</p>
          <Difference of={meanwhile} label={dead.changedMeanwhile} />
        </div>
      )}
      {problems.length > 0 && (
        <div class="failed" role="alert">
          <ul>
            {problems.map(({ pointer, message, mend }) => (
              <li key={pointer}>
                <code>{pointer}</code> {message}: {mend}
              </li>
            ))}
          </ul>
        </div>
      )}
    </>
  );
}

function Field({ label, children }: { label: string; children: ComponentChildren }): VNode {
  return (
    <label>
      {label}
      {children}
    </label>
  );
}

function Select(props: { of: readonly string[]; value: string; onChange: (value: string) => void }): VNode {
  const { of, value, onChange } = props;
  return (
    <select value={value} onChange={({ currentTarget }) => onChange(currentTarget.value)}>
      {(of.includes(value) ? of : [...of, value]).map((one) => (
        <option key={one} value={one}>
          {one}
        </option>
      ))}
    </select>
  );
}

function ChannelSelect({ value, onChange }: { value: string; onChange: (name: string) => void }): VNode {
  const channels = useResource<{ readonly channels: readonly ChannelView[] }>('/v1/channels', { live: false });
  const names = (channels.value.value?.channels ?? []).map(({ name }) => name);
  return <Select of={names} value={value} onChange={onChange} />;
}
