import { targetsOf } from '../../flow/deliveries.ts';
import type { Problem } from '../../problems/failure.ts';
import type { CompiledRule } from '../../ruleset.ts';
import { isObject } from '../../values/json.ts';
import { joinPointer } from '../../values/pointer.ts';
import type { Fragment } from '../compile.ts';
import type { Registry } from '../registry.ts';

/**
 * Warns, once for all files, of alert buttons that are left out of messages: no public address is set to which their links could lead, and
 * their channel has no buttons of its own.
 */
export function lintButtons(
  fragments: readonly Fragment[],
  { channels: types }: Registry,
  around: readonly Fragment[],
): Problem | undefined {
  const all = [...around, ...fragments];
  if (all.some(({ daemon }) => daemon?.publicUrl !== undefined)) return undefined;
  const withoutButtons = new Set(
    all.flatMap(({ channels }) =>
      channels
        .filter(({ type, settings }) => {
          const { buttons } = types.find((one) => one.type === type)!;
          return buttons?.connection(settings) === undefined;
        })
        .map(({ name }) => name),
    ),
  );
  for (const fragment of fragments) {
    const rule = fragment.rules.find((one) => channelOf(one, withoutButtons) !== undefined);
    if (rule !== undefined) return warningOf(fragment, rule, channelOf(rule, withoutButtons)!);
  }
  return undefined;
}

/** Channel whose messages would lack a button; undefined if there is none. */
const channelOf = (rule: CompiledRule, channels: ReadonlySet<string>): string | undefined =>
  targetsOf(rule).find(
    ({ channel, templates }) =>
      channels.has(channel) && templates.actions?.some((action) => action.do !== undefined) === true,
  )?.channel;

function warningOf({ file, document }: Fragment, { name }: CompiledRule, channel: string): Problem | undefined {
  if (document === undefined) return undefined;
  const { rules } = document.data as { readonly rules: readonly unknown[] };
  const index = rules.findIndex((rule) => isObject(rule) && rule.name === name);
  return {
    file,
    ...document.locate(joinPointer('', 'rules', index, 'name'), 'value'),
    code: 'rule.actions',
    message: `messages of the rule \`${name}\` to \`${channel}\` lack their buttons on the alert: no address of this daemon is set to which a link could lead`,
    mend: 'set `daemon.public_url`, such as `https://belfry.example.com`',
  };
}
