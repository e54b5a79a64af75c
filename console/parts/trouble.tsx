import type { VNode } from 'preact';
import type { StatusView } from '../../daemon/http/views.ts';
import { href } from '../lib/router.ts';
import { texts } from '../lib/texts.ts';
import { Chip } from '../ui/chip.tsx';
import { Ago } from '../ui/time.tsx';

interface Fault {
  readonly key: string;
  readonly what: string;
  readonly state: string;
  readonly why: string;
  readonly to: string;
  readonly since?: string;
}

/** Parts of the daemon that do not work, each with its reason and a link to where it can be mended. */
export function faultsOf({ channels, sources, files, ready, reasons }: StatusView): readonly Fault[] {
  const faults: readonly Fault[] = [
    ...files
      .filter(({ state }) => state === 'kept')
      .map(({ path, problems }) => ({
        key: `file ${path}`,
        what: path,
        state: 'kept',
        why: problems[0]?.message ?? '',
        to: href(['rules']),
      })),
    ...channels
      .filter(({ state }) => state !== 'ok')
      .map(({ name, state, reason = '', since }) => ({
        key: `channel ${name}`,
        what: name,
        state,
        // The time is shown beside it.
        why: reason.replace(` since ${since}`, ''),
        to: href(['channels', name]),
        ...(since !== undefined && { since }),
      })),
    ...sources
      .filter(({ state }) => state !== 'running')
      .map(({ name, state, reason = '' }) => ({
        key: `source ${name}`,
        what: name,
        state,
        why: reason,
        to: href(['sources', name]),
      })),
  ];
  // Other reasons, such as a full disk, have no part of their own.
  const named = new Set(faults.map(({ what }) => what));
  const others = reasons.filter((reason) => ![...named].some((name) => reason.includes(name)));
  const state = ready ? 'warn' : 'down';
  return [...others.map((why) => ({ key: why, what: 'belfry', state, why, to: href([]) })), ...faults];
}

export function Trouble({ status }: { status: StatusView }): VNode {
  const faults = faultsOf(status);
  if (faults.length === 0) return <p class="quiet-line">{texts.value.home.noTrouble}</p>;
  return (
    <ul class="faults">
      {faults.map(({ key, what, state, why, to, since }) => (
        <li key={key}>
          <a href={to}>
            <Chip state={state} /> <strong>{what}</strong> <span class="why">{why}</span>
            {since !== undefined && <Ago at={since} />}
          </a>
        </li>
      ))}
    </ul>
  );
}
