import type { VNode } from 'preact';
import type { NotifiedAlertView } from '../../../daemon/http/views.ts';
import { useResource } from '../../api/resource.ts';
import { matchOfAlert } from '../../lib/places.ts';
import { texts } from '../../lib/texts.ts';
import { linesOf, type Match, type MatchLine } from './match.ts';

const MAX_ALERTS = 12;

/** Values of the alert that is to be silenced, to narrow or widen the match; without a match the firing alerts. */
export function Suggestions(props: {
  match: Match;
  lines: readonly MatchLine[];
  onChange: (lines: readonly MatchLine[]) => void;
}): VNode | null {
  const { match, lines, onChange } = props;
  const { silences: t } = texts.value;
  const alerts = useResource<{ alerts: readonly NotifiedAlertView[] }>('/v1/alerts', { live: false }).value.value
    ?.alerts;
  if (alerts === undefined || alerts.length === 0) return null;
  if (lines.length === 0)
    return (
      <Choices
        label={t.firing}
        of={alerts.slice(0, MAX_ALERTS).map((alert) => ({
          label: `${alert.rule} ${alert.key}`,
          isOn: false,
          press: () => onChange(linesOf(matchOfAlert(alert))),
        }))}
      />
    );
  const alert = alerts.find((one) => Object.entries(match).every(([path, value]) => valuesOf(one)[path] === value));
  if (alert === undefined) return null;
  const toggled = (path: string, value: unknown): readonly MatchLine[] =>
    lines.some((line) => line.path === path)
      ? lines.filter((line) => line.path !== path)
      : [...lines, ...linesOf({ [path]: value })];
  return (
    <Choices
      label={t.values}
      of={Object.entries(valuesOf(alert)).map(([path, value]) => ({
        label: `${path}=${String(value)}`,
        isOn: lines.some((line) => line.path === path),
        press: () => onChange(toggled(path, value)),
      }))}
    />
  );
}

function valuesOf(alert: NotifiedAlertView): Match {
  return { ...matchOfAlert(alert), ...alert.labels };
}

function Choices({
  label,
  of,
}: {
  label: string;
  of: readonly { readonly label: string; readonly isOn: boolean; readonly press: () => void }[];
}): VNode {
  return (
    <div class="choices" role="group" aria-label={label}>
      <span>{label}</span>
      {of.map((one) => (
        <button key={one.label} type="button" class="label" aria-pressed={one.isOn} onClick={one.press}>
          {one.label}
        </button>
      ))}
    </div>
  );
}
