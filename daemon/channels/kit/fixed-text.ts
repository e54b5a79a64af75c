import type { Template } from '../../core/ruleset.ts';

/** Whether a setting is a plain text, which is the same for each message. */
export const isFixed = ({ source }: Template): boolean => !/\{[{%]/.test(source);
