import { inline } from '../explain.ts';
import type { Schema } from '../json-schema.ts';

const GENERATED = '<!-- Generated from the schemas by `npm run generate`; edit those. -->';

/** A generated page. */
export function page(title: string, parts: readonly string[]): string {
  return `${[GENERATED, `# ${title}`, ...parts].join('\n\n')}\n`;
}

/** Table of the settings of a schema. */
export function table(schema: Schema): string {
  const rows = rowsOf(schema, '');
  if (rows.length === 0) return 'No settings.';
  return ['| setting | default | meaning | example |', '| --- | --- | --- | --- |', ...rows].join('\n');
}

function rowsOf(schema: Schema, prefix: string): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, property]) => {
    const path = `${prefix}${name}`;
    const required = schema.required?.includes(name) === true;
    const fallback =
      property.default === undefined || isNested(property) ? (required ? '**required**' : '') : code(property.default);
    const examples = (property.examples ?? []).map(code).join(' ');
    const words = property.enum === undefined ? '' : ` One of ${property.enum.map(code).join(', ')}.`;
    const row = `| \`${path}\` | ${fallback} | ${cell((property.description ?? '') + words)} | ${examples} |`;
    if (MESSAGES.has(name) && prefix !== '') return [row];
    const item = itemOf(property);
    if (item !== undefined) return [row, ...rowsOf(item, `${path}[].`)];
    return [row, ...(isNested(property) && path !== 'message' ? rowsOf(property, `${path}.`) : [])];
  });
}

/** Settings with a table of their own. */
const MESSAGES: ReadonlySet<string> = new Set(['message']);

/** Schema of the entries of a list, when they have settings of their own. */
function itemOf(property: Schema): Schema | undefined {
  const items = [property.items, ...(property.anyOf ?? []).map((branch) => branch.items)];
  const choices = items.flatMap((item) => (item === undefined ? [] : [item, ...(item.anyOf ?? [])]));
  const maps = choices.filter((choice) => choice.properties !== undefined);
  if (maps.length < 2) return maps[0];
  const required = maps[0]!.required?.filter((name) => maps.every((map) => map.required?.includes(name)));
  const properties = Object.assign({}, ...maps.map((map) => map.properties).reverse()) as Schema['properties'];
  return { properties: properties ?? {}, required: required ?? [] };
}

const isNested = (schema: Schema): boolean => schema.properties !== undefined;
export const cell = (text: string): string => text.replaceAll('|', String.raw`\|`).replaceAll('\n', ' ');

/** Value in code style, for a cell of a table. */
export function code(value: unknown): string {
  const text = cell(inline(value));
  return text.includes('`') ? `\`\` ${text} \`\`` : `\`${text}\``;
}
