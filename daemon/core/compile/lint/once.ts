import { targetsOf } from '../../flow/deliveries.ts';
import type { Problem } from '../../problems/failure.ts';
import type { CompiledRule, MessageTemplates } from '../../ruleset.ts';
import { isObject } from '../../values/json.ts';
import { joinPointer } from '../../values/pointer.ts';
import type { Fragment } from '../compile.ts';

/** Part of messages that is lost because a setting of `daemon:` is missing. */
export interface LostPart {
  /** Channels that would lose it. */
  readonly channels: ReadonlySet<string>;
  readonly has: (templates: MessageTemplates) => boolean;
  readonly code: string;
  readonly message: (rule: string, channel: string) => string;
  readonly mend: string;
}

/** Warns of a lost part at the first rule that has it, once for all files. */
export function warnOnce(fragments: readonly Fragment[], part: LostPart): Problem | undefined {
  for (const fragment of fragments) {
    for (const rule of fragment.rules) {
      const target = targetsOf(rule).find(
        ({ channel, templates }) => part.channels.has(channel) && part.has(templates),
      );
      if (target === undefined) continue;
      const { code, message, mend } = part;
      return warningAt(fragment, rule, { code, message: message(rule.name, target.channel), mend })[0];
    }
  }
  return undefined;
}

/** Warning at the name of a rule; none if its file is not known. */
export function warningAt(
  { file, document }: Fragment,
  { name }: CompiledRule,
  warning: Pick<Problem, 'code' | 'message' | 'mend'>,
): readonly Problem[] {
  if (document === undefined) return [];
  const { rules } = document.data as { readonly rules: readonly unknown[] };
  const index = rules.findIndex((rule) => isObject(rule) && rule.name === name);
  const position = document.locate(joinPointer('', 'rules', index, 'name'), 'value');
  return [{ file, ...position, ...warning }];
}
