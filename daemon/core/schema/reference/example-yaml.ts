import type { ChannelTypeInfo } from '../../compile/registry.ts';

/** The example of a type as it stands in a rules file. The channel has the name of its type. */
export function exampleYaml({ type, example = {} }: Pick<ChannelTypeInfo, 'type' | 'example'>): string {
  const settings = Object.entries(example).map(([name, value]) => `    ${name}: ${flow(value)}`);
  return ['channels:', `  ${type}:`, `    type: ${type}`, ...settings].join('\n');
}

/** Value on one line. Text is quoted unless it is a plain word, so that YAML reads no number or `no` in it. */
function flow(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(flow).join(', ')}]`;
  if (typeof value === 'object' && value !== null)
    return `{ ${Object.entries(value)
      .map(([key, item]) => `${flow(key)}: ${flow(item)}`)
      .join(', ')} }`;
  if (typeof value !== 'string') return String(value);
  return PLAIN.test(value) && !RESERVED.test(value) ? value : JSON.stringify(value);
}

const PLAIN = /^[A-Za-z][\w./-]*$/;
const RESERVED = /^(?:true|false|null|yes|no|on|off|y|n)$/i;
