import { EXIT } from '../../../core/problems/failure.ts';
import { NAME, PERSON } from '../../../core/values/value-kind.ts';
import type { JobVerb, JobView } from '../../../http/daemon-api.ts';
import type { Client } from '../../connection/client.ts';
import type { Verb } from '../../context.ts';
import { daemonOptions, TypedArgument, TypedOption } from '../../options.ts';
import { type Style, styleOf } from '../../render/style.ts';
import { type CommonOptions, harmless, jsonLine, line, personOf, table, type Terminal } from '../../render/terminal.ts';

interface ChangeOptions extends CommonOptions {
  readonly by?: string;
}

const EFFECTS: Readonly<Record<JobVerb, string>> = {
  pause: 'begin nothing more of a job until it is resumed',
  resume: 'go on with a paused job',
  cancel: 'end a job; what it has not done stays as it is',
};

export const verb: Verb = (program, context) => {
  const jobs = program
    .command('jobs')
    .description('list, pause, resume or cancel the jobs of the daemon: long resends');
  declareList(jobs, context);
  for (const [name, effect] of Object.entries(EFFECTS) as [JobVerb, string][])
    declareChange(name, effect)(jobs, context);
};

const declareList: Verb = (jobs, { terminal, access, run }) => {
  daemonOptions(jobs.command('list', { isDefault: true }))
    .description('list jobs, the newest first')
    .action((options: CommonOptions) => run(async () => showJobs(terminal, await access.client(options), options)));
};

const declareChange =
  (name: JobVerb, effect: string): Verb =>
  (jobs, { terminal, access, run }) => {
    daemonOptions(jobs.command(name))
      .description(effect)
      .addArgument(new TypedArgument('<id>', NAME, 'the job'))
      .addOption(new TypedOption('--by <name>', PERSON, 'name of the person (default: you)'))
      .action((id: string, options: ChangeOptions) =>
        run(async () => changeJob(terminal, await access.client(options), { id, name }, options)),
      );
  };

async function showJobs(terminal: Terminal, client: Client, options: CommonOptions): Promise<number> {
  const { jobs } = await client.call<{ jobs: readonly JobView[] }>('GET', '/v1/jobs');
  if (options.json) for (const job of jobs) jsonLine(terminal, job);
  else
    line(
      terminal,
      jobs.length === 0 ? 'no jobs since the start of the daemon' : jobTable(jobs, styleOf(terminal, options)),
    );
  return EXIT.ok;
}

async function changeJob(
  terminal: Terminal,
  client: Client,
  { id, name }: { readonly id: string; readonly name: JobVerb },
  options: ChangeOptions,
): Promise<number> {
  const by = personOf(terminal, options);
  const body = by === undefined ? {} : { by };
  const job = await client.call<JobView>('POST', `/v1/jobs/${encodeURIComponent(id)}/${name}`, body);
  if (options.json) jsonLine(terminal, job);
  else line(terminal, jobTable([job], styleOf(terminal, options)));
  return EXIT.ok;
}

function jobTable(jobs: readonly JobView[], { paint, time }: Style): string {
  const rows = jobs.map(({ id, kind, state, total, done, failed, by = '', started_at: start, ended_at: end, eta }) => [
    id,
    kind,
    paint(COLOURS[state], state),
    `${done}/${total}`,
    failed === 0 ? '0' : paint('red', String(failed)),
    time(start),
    end !== undefined ? time(end) : eta === undefined ? '' : `about ${time(eta)}`,
    harmless(by),
  ]);
  return table([['JOB', 'KIND', 'STATE', 'DONE', 'FAILED', 'STARTED', 'END', 'BY'], ...rows]);
}

const COLOURS = {
  running: 'green',
  paused: 'yellow',
  cancelling: 'yellow',
  done: 'green',
  cancelled: 'yellow',
  failed: 'red',
} as const;
