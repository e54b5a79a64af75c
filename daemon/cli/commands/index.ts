import type { Verb } from '../context.ts';

/**
 * Verbs in the order of `belfry --help`. A command line that names a verb loads that file only; the help and the completion
 * scripts load all of them. A verb therefore imports the daemon, the rules and other large parts inside its action.
 */
export const VERBS: Readonly<Record<string, () => Promise<{ readonly verb: Verb }>>> = {
  run: () => import('./daemon/run.ts'),
  status: () => import('./daemon/status.ts'),
  console: () => import('./daemon/console.ts'),
  token: () => import('./tokens/token.ts'),
  reload: () => import('./daemon/reload.ts'),
  audit: () => import('./daemon/audit.ts'),
  doctor: () => import('./daemon/doctor.ts'),
  backup: () => import('./state/backup.ts'),
  restore: () => import('./state/restore.ts'),
  store: () => import('./state/store.ts'),
  emit: () => import('./events/emit.ts'),
  tail: () => import('./events/tail.ts'),
  events: () => import('./events/events.ts'),
  deliveries: () => import('./events/deliveries.ts'),
  dead: () => import('./dead/index.ts'),
  jobs: () => import('./daemon/jobs.ts'),
  alerts: () => import('./alerts/alerts.ts'),
  ack: () => import('./alerts/ack.ts'),
  unack: () => import('./alerts/unack.ts'),
  silence: () => import('./alerts/silence.ts'),
  hold: () => import('./channels/hold.ts'),
  release: () => import('./channels/release.ts'),
  channel: () => import('./channels/channel.ts'),
  rules: () => import('./rules/rules.ts'),
  check: () => import('./rules/check.ts'),
  explain: () => import('./rules/explain.ts'),
  test: () => import('./rules/test.ts'),
  init: () => import('./rules/init.ts'),
  import: () => import('./rules/import.ts'),
  service: () => import('./service/index.ts'),
  schema: () => import('./rules/schema.ts'),
  completion: () => import('./shell/completion.ts'),
  version: () => import('./shell/version.ts'),
};
