import { changeOf } from '../message/alert-button.ts';
import type { MessageTemplates } from '../ruleset.ts';
import { isObject } from '../values/json.ts';
import type { RuleReport } from './rule-report.ts';

/** Whether a written action, or a decoded one, needs an alert: `ack` and `resolve` do, `silence` does not. */
function needsAlert(action: unknown): boolean {
  const text = isObject(action) ? action.do : action;
  const verb = typeof text === 'string' ? changeOf(text)?.verb : undefined;
  return verb === 'ack' || verb === 'resolve';
}

/** Reports buttons of a rule without alerts that have nothing to change. */
export function checkButtons(given: Readonly<Record<string, unknown>>, rule: RuleReport): void {
  const check = (message: unknown, path: readonly (string | number)[]): void => {
    if (!isObject(message)) return;
    const found: { readonly text: string; readonly at: readonly (string | number)[] }[] = [];
    rule.each([...path, 'actions'], message.actions, (action, at) => {
      if (needsAlert(action)) found.push({ text: `\`${String(isObject(action) ? action.do : action)}\``, at });
    });
    const [first] = found;
    if (first === undefined) return;
    const texts = found.map(({ text }) => text).join(' and ');
    const problem = `${texts} ${found.length > 1 ? 'have' : 'has'} no effect: this rule makes no alerts`;
    const what = found.length > 1 ? 'these buttons' : 'this button';
    rule.problem(first.at, 'rule.actions', problem, `say in \`resolve\` what ends its alert, or leave ${what} out`);
  };
  check(given.message, ['message']);
  rule.each(['notify'], given.notify, (target, path) => {
    if (isObject(target)) check(target.message, [...path, 'message']);
  });
}

/** Message of a rule without alerts: buttons that need one come from `defaults`, and are left out. */
export function withoutAlertButtons(message: MessageTemplates): MessageTemplates {
  if (message.actions?.some(needsAlert) !== true) return message;
  return { ...message, actions: message.actions.filter((action) => !needsAlert(action)) };
}
