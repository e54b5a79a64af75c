import { EXIT } from '../../../core/problems/failure.ts';
import { type Paint, problemText } from '../../../core/problems/problem-text.ts';
import type { Registry } from '../../../core/compile/registry.ts';
import { NAME, oneOf } from '../../../core/values/value-kind.ts';
import { counted } from '../../../lib/counted.ts';
import type { Checked } from '../../check-rules.ts';
import type { DaemonChecked } from '../../connection/daemon-check.ts';
import type { Verb } from '../../context.ts';
import { daemonOptions, offlineOption, TypedArgument, TypedOption } from '../../options.ts';
import { coloured, type CommonOptions, type Terminal } from '../../render/terminal.ts';

const CHECK_FORMATS = ['text', 'json', 'github'] as const;
export type CheckFormat = (typeof CHECK_FORMATS)[number];

interface CheckOptions extends CommonOptions {
  readonly format: CheckFormat;
  readonly strict?: boolean;
  readonly withoutSecrets?: boolean;
}

export const verb: Verb = (program, { terminal, clock, access, config, run }) => {
  offlineOption(daemonOptions(program.command('check')))
    .description('check rules; show every problem with its place, an excerpt and a fix')
    .addArgument(new TypedArgument('[path...]', NAME, 'files or directories (default: the rules directory)'))
    .addOption(new TypedOption('--format <format>', oneOf(CHECK_FORMATS), CHECK_FORMATS.join(', ')).default('text'))
    .option('--without-secrets', 'check here, with placeholders for references that cannot be resolved')
    .option('--strict', 'treat warnings as errors')
    .addHelpText(
      'after',
      '\nA daemon that runs on the rules is asked first, because it has the secrets to which they refer.',
    )
    .action((given: string[], options: CheckOptions) =>
      run(async () => {
        const { json, format, strict = false, withoutSecrets = false } = options;
        const shown = json ? 'json' : format;
        if (!withoutSecrets || options.url !== undefined) {
          const { checkByDaemon } = await import('../../connection/daemon-check.ts');
          const checked = await checkByDaemon({ access, terminal }, given, options);
          if (checked !== undefined) return report(strictly(checked, strict), shown, terminal);
        }
        const { registry } = await import('../../registry.ts');
        const paths = given.length > 0 ? given : [config(options)];
        return checkAndReport({ paths, format: shown, strict, withoutSecrets, registry, now: clock.now(), terminal });
      }),
    );
};

export interface CheckRun {
  readonly paths: readonly string[];
  readonly format: CheckFormat;
  readonly withoutSecrets?: boolean;
  readonly strict?: boolean;
  readonly registry: Registry;
  /** Time at which tokens must not expire soon; without it none is checked. */
  readonly now?: number;
  readonly terminal: Pick<Terminal, 'env' | 'cwd' | 'stdout' | 'stderr'>;
}

/** Checks the rules and prints the problems. Exit 0 when they are valid, else 78; with `strict` a warning makes them invalid. */
export async function checkAndReport(given: CheckRun): Promise<number> {
  const { paths, format, withoutSecrets = false, strict = false, registry, now, terminal } = given;
  const { env, cwd } = terminal;
  const { check } = await import('../../check-rules.ts');
  const checked = await check({
    paths,
    env,
    cwd,
    registry,
    ...(now !== undefined && { now }),
    withoutSecrets,
    strict,
  });
  return report(checked, format, terminal);
}

function report(
  checked: Checked | DaemonChecked,
  format: CheckFormat,
  terminal: Pick<Terminal, 'env' | 'stdout'>,
): number {
  terminal.stdout.write(REPORTS[format](checked, coloured(terminal) ? COLOURS : undefined));
  return checked.valid ? EXIT.ok : EXIT.config;
}

/** The result of a daemon, which does not know `--strict`. */
function strictly(checked: DaemonChecked, strict: boolean): DaemonChecked {
  return { ...checked, valid: checked.valid && (!strict || checked.problems.length === 0) };
}

const REPORTS: Readonly<Record<CheckFormat, (checked: Checked | DaemonChecked, paint: Paint | undefined) => string>> = {
  text(checked, paint) {
    const blocks = checked.problems.map((problem) => `${problemText(problem, checked.excerpt(problem), paint)}\n\n`);
    const what = `${counted(checked.rules, 'rule')} in ${counted(checked.files, 'file')}`;
    const warnings = checked.problems.filter(({ level }) => level === 'warning').length;
    const errors = checked.problems.length - warnings;
    const counts = [
      ...(errors > 0 ? [counted(errors, 'problem')] : []),
      ...(warnings > 0 ? [counted(warnings, 'warning')] : []),
    ];
    return `${blocks.join('')}${[checked.valid ? `valid: ${what}` : undefined, ...counts, checked.valid ? undefined : what, 'by' in checked ? checked.by : undefined].filter((part) => part !== undefined).join(', ')}\n`;
  },
  json({ valid, files, rules, problems }) {
    return `${JSON.stringify({ valid, files, rules, problems })}\n`;
  },
  // https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
  github({ problems }) {
    return problems
      .map(({ file, line, column, level, code, message, mend }) => {
        const properties = Object.entries({ file, line, col: column, title: code }).map(
          ([name, value]) => `${name}=${escapeProperty(String(value))}`,
        );
        return `::${level} ${properties.join(',')}::${escapeData(mend === '' ? message : `${message}; ${mend}`)}\n`;
      })
      .join('');
  },
};

const COLOURS: Paint = {
  place: (text) => `\u001b[1m${text}\u001b[0m`,
  wrong: (text) => `\u001b[31m${text}\u001b[0m`,
  quiet: (text) => `\u001b[2m${text}\u001b[0m`,
};

const escapeData = (text: string): string =>
  text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
const escapeProperty = (text: string): string => escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
