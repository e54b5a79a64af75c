import type { MessageTemplates } from '../ruleset.ts';
import { isObject } from '../values/json.ts';
import { joinPointer } from '../values/pointer.ts';
import type { CompileContext, Reference } from './context.ts';

/** Path of a setting in its rule. */
type SettingPath = readonly (string | number)[];

/** A rule in its file: reports problems, and records the names that the rule mentions. */
export class RuleReport {
  readonly name: string;
  readonly pointer: string;
  readonly context: CompileContext;
  /** Message of the rule with the defaults of the file. */
  readonly message: MessageTemplates;

  constructor(name: string, pointer: string, context: CompileContext, message: MessageTemplates = {}) {
    this.name = name;
    this.pointer = pointer;
    this.context = context;
    this.message = message;
  }

  problem(path: SettingPath, code: string, message: string, mend: string): void {
    this.context.found({ pointer: joinPointer(this.pointer, ...path), at: 'value', code, message, mend });
  }

  /** Reports a duration of zero. */
  positive(path: SettingPath, ms: number | undefined): void {
    if ((ms ?? 1) > 0) return;
    const message = `\`${path.at(-1)}\` must be longer than 0s`;
    this.problem(path, 'schema.range', message, 'write it like `10m`, or leave it out');
  }

  /** Records the name of a source, channel, hours or rule, which is looked up when all files are compiled. */
  mention(kind: Reference['kind'], name: unknown, path: SettingPath): void {
    if (typeof name === 'string') this.context.refer(kind, name, this.name, joinPointer(this.pointer, ...path));
  }

  /** Records the channels of `notify`. */
  mentionChannels(notify: unknown, path: SettingPath): void {
    this.each(path, notify, (target, at) => {
      if (isObject(target)) this.mention('notify', target.channel, [...at, 'channel']);
      else this.mention('notify', target, at);
    });
  }

  /** Calls `see` with one value or with each of a list. */
  each(path: SettingPath, value: unknown, see: (item: unknown, path: SettingPath) => void): void {
    if (Array.isArray(value)) value.forEach((item, index) => see(item, [...path, index]));
    else if (value !== undefined && value !== null) see(value, path);
  }
}
