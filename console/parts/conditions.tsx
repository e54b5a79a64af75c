import type { VNode } from 'preact';
import { texts } from '../lib/texts.ts';
import type { ConditionView } from '../../daemon/core/explain/conditions.ts';

/** Each condition with what the rule expects and what the event has. */
export function Conditions({ of }: { of: readonly ConditionView[] }): VNode {
  const { events } = texts.value;
  return (
    <table class="conditions">
      <thead>
        <tr>
          <th scope="col">
            <span class="unseen">{events.holds}</span>
          </th>
          <th scope="col">{events.condition}</th>
          <th scope="col">{events.expected}</th>
          <th scope="col">{events.actual}</th>
        </tr>
      </thead>
      <tbody>
        {of.map((one, index) => (
          <tr key={`${index} ${one.path}`} class={one.holds ? 'holds' : 'fails'}>
            <td>
              <span aria-hidden="true">{one.holds ? '✓' : '✗'}</span>
              <span class="unseen">{one.holds ? events.holds : events.fails}</span>
            </td>
            <th scope="row" class={one.within === undefined ? undefined : 'within'}>
              {one.path}
            </th>
            <td>
              {one.operator !== 'equals' && <span class="soft">{one.operator} </span>}
              <code>{shown(one.expected)}</code>
            </td>
            <td>
              <Actual of={one} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Actual({ of: { actual, missing, error } }: { of: ConditionView }): VNode {
  const { events } = texts.value;
  if (error !== undefined) return <span class="card-error">{error}</span>;
  if (missing !== undefined) return <em>{missing === true ? events.missing : `${missing}: ${events.missing}`}</em>;
  return <code>{shown(actual)}</code>;
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
