import { plistText, type PlistValue } from './plist.ts';

/** Name of the service in launchd. */
export const LABEL = 'io.github.belfry';

export interface JobSettings {
  readonly command: readonly string[];
  readonly config: string;
  readonly state: string;
  readonly runtime: string;
  readonly log: string;
  /** User of a daemon of the machine; undefined for an agent of one user. */
  readonly account?: string;
}

/** Exit codes that a new start does not repair: wrong usage and rules that do not load. */
const FINAL_EXITS = '2|64|78';

/**
 * Script around the daemon. launchd starts a program again unless it ends with 0, so this ends with 0 for exit codes that a new
 * start does not repair. It passes signals on, because launchd signals the script only.
 */
export const WRAPPER = [
  "trap 'again=yes; kill -TERM $child' TERM INT",
  "trap 'again=yes; kill -HUP $child' HUP",
  '"$@" & child=$!',
  'code=127 again=yes',
  // A trapped signal ends `wait` while the daemon still runs. It ends with 127 if it had the exit code before.
  'while [ "$again" ]; do again=; wait $child; last=$?; [ $last = 127 ] || code=$last; done',
  `case $code in ${FINAL_EXITS}) exit 0 ;; esac`,
  'exit $code',
].join('\n');

/** Property list of the job (launchd.plist(5)). */
export function jobText({ command, config, state, runtime, log, account }: JobSettings): string {
  const limits = { NumberOfFiles: 8192, Core: 0 };
  const job: PlistValue = {
    Label: LABEL,
    ProgramArguments: ['/bin/sh', '-c', WRAPPER, 'belfry', ...command, 'run', '--config', config],
    RunAtLoad: true,
    KeepAlive: { SuccessfulExit: false },
    ThrottleInterval: 10,
    // A stop takes 25 s at most.
    ExitTimeOut: 30,
    ProcessType: account === undefined ? 'Adaptive' : 'Standard',
    // Integers are decimal: 63 is the umask 077.
    Umask: 63,
    WorkingDirectory: state,
    EnvironmentVariables: { STATE_DIRECTORY: state, RUNTIME_DIRECTORY: runtime },
    SoftResourceLimits: limits,
    HardResourceLimits: limits,
    StandardOutPath: log,
    StandardErrorPath: log,
    // The desktop channel needs the graphical session.
    ...(account === undefined ? { LimitLoadToSessionType: 'Aqua' } : { UserName: account, GroupName: account }),
  };
  return plistText(job);
}
