import { answers } from './catalogue/answers.ts';
import { api } from './catalogue/api.ts';
import { deadLetters } from './catalogue/dead-letters.ts';
import { files } from './catalogue/files.ts';
import { ingress } from './catalogue/ingress.ts';
import type { Row, Section } from './catalogue/row.ts';
import { rules } from './catalogue/rules.ts';
import { socket } from './catalogue/socket.ts';
import { templates } from './catalogue/templates.ts';
import { websocket } from './catalogue/websocket.ts';

/** Every attack that is tried, by the boundary that it crosses. Each row has one `attack(...)`; `docs/attacks.md` is made of them. */
export const catalogue = [
  { title: 'Requests to webhook sources', rows: ingress },
  { title: 'The API, and pages in a browser', rows: api },
  { title: 'The Unix socket and the command line', rows: socket },
  { title: 'WebSockets', rows: websocket },
  { title: 'Rules files', rows: rules },
  { title: 'Templates and the messages they write', rows: templates },
  { title: 'Answers of providers', rows: answers },
  { title: 'Dead letters and the state directory', rows: deadLetters },
  { title: 'Watched files and reloads', rows: files },
] as const satisfies readonly Section[];

/** Id of a row. */
export type AttackId = (typeof catalogue)[number]['rows'][number]['id'];

const rowsById: ReadonlyMap<string, Row> = new Map(
  catalogue.flatMap(({ rows }): readonly Row[] => rows).map((row) => [row.id, row]),
);

export function rowOf(id: AttackId): Row {
  return rowsById.get(id)!;
}
