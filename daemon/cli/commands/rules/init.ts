import { readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { EXIT } from '../../../core/problems/failure.ts';
import { NAME } from '../../../core/values/value-kind.ts';
import { makeFolder } from '../../../lib/files/make-folder.ts';
import type { Verb } from '../../context.ts';
import { TypedArgument } from '../../options.ts';
import type { CommonOptions, Terminal } from '../../render/terminal.ts';

interface InitCommand {
  /** Path as given, relative to the working directory. */
  readonly dir: string;
  readonly json?: boolean;
  readonly terminal: Pick<Terminal, 'cwd' | 'stdout' | 'stderr'>;
}

export const verb: Verb = (program, { terminal, run }) => {
  program
    .command('init')
    .description('create a starter rules directory')
    .addArgument(new TypedArgument('[dir]', NAME, 'the directory').default('rules'))
    .action((dir: string, { json = false }: CommonOptions) => run(() => init({ dir, json, terminal })));
};

/** Writes a first rules directory that works without changes. Refuses a directory that holds anything. */
export async function init({ dir, json, terminal }: InitCommand): Promise<number> {
  const folder = path.resolve(terminal.cwd, dir);
  const present = await readdir(folder).catch((error: NodeJS.ErrnoException) => (error.code === 'ENOENT' ? [] : error));
  if (present instanceof Error || present.length > 0) {
    const why = present instanceof Error ? `cannot be used (${present.code ?? 'unknown'})` : 'is not empty';
    return refused(terminal, `${dir} ${why}`);
  }
  const failure = await makeFolder(folder, 0o777).then(
    () => undefined,
    (error: NodeJS.ErrnoException) => error,
  );
  if (failure !== undefined) return refused(terminal, `${dir} cannot be made (${failure.code ?? 'unknown'})`);
  const { schemas } = await import('../../../core/schema/generate.ts');
  const { registry } = await import('../../registry.ts');
  const { rules, tests } = schemas(registry);
  const files = {
    ...STARTER,
    'rules.schema.json': `${JSON.stringify(rules)}\n`,
    'tests.schema.json': `${JSON.stringify(tests)}\n`,
  };
  for (const [name, text] of Object.entries(files)) await writeFile(path.join(folder, name), text, { flag: 'wx' });
  const names = Object.keys(files).map((name) => path.join(dir, name));
  if (json) {
    terminal.stdout.write(`${JSON.stringify({ files: names })}\n`);
    return EXIT.ok;
  }
  terminal.stdout.write(
    `wrote ${names.join(', ')}\nnext: belfry check ${dir} && belfry test ${dir} && belfry run --config ${dir}\n`,
  );
  return EXIT.ok;
}

function refused({ stderr }: InitCommand['terminal'], why: string): number {
  stderr.write(`belfry: ${why}; nothing was written. Name a directory that does not exist yet: belfry init DIR\n`);
  return EXIT.failed;
}

/** Line by which editors find the schema, for completion, hover texts and errors. */
const SCHEMA_LINE = '# yaml-language-server: $schema=rules.schema.json\n';

const STARTER: Readonly<Record<string, string>> = {
  'channels.yaml': `${SCHEMA_LINE}# Channels send the messages. \`belfry schema rules\` prints every setting; \`belfry channel test NAME\` sends a test message.
channels:
  # Writes each message to the daemon's log: needs no settings and shows that rules work.
  console:
    type: log

  # A webhook. The secret stays out of this file: set OPS_WEBHOOK_URL for the daemon, then remove the #.
  # ops:
  #   type: webhook
  #   url: \${env:OPS_WEBHOOK_URL}
  #   delivery: { fallback: console }
`,
  'rules.yaml': `${SCHEMA_LINE}# Rules: which events matter, and which channels get them. Belfry reloads this file within a second after it is saved.
# Try it:  belfry emit deploy.finished conclusion=failure repository=acme/api
rules:
  - name: failed-deploy
    match:
      type: deploy.finished
      data.conclusion: [failure, timed_out]
    key: "{{ data.repository }}"
    throttle: { max: 1, per: 10m }
    message:
      title: "Deploy failed: {{ data.repository }}"
      priority: high
    notify: console

  # Shows events that no other rule matched. Remove it when you know your events.
  - name: everything-else
    catch_all: true
    notify: console
`,
  'rules.test.yaml': `# yaml-language-server: $schema=tests.schema.json
# Run by \`belfry test\` on a virtual clock; \`daemon: { reload: { require_tests: true } }\` runs it before each reload.
tests:
  - name: a failed deploy notifies once in ten minutes
    steps:
      - event: { type: deploy.finished, data: { conclusion: failure, repository: acme/api } }
        expect:
          - { channel: console, title: "Deploy failed: acme/api", priority: high }
        outcomes: { failed-deploy: notified }
      - after: 5m
        event: { type: deploy.finished, data: { conclusion: failure, repository: acme/api } }
        expect: []
        outcomes: { failed-deploy: throttled }
`,
};
