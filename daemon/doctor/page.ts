import type { Registry } from '../core/compile/registry.ts';
import type { DoctorCheckInfo } from '../core/problems/doctor.ts';
import { GROUPS } from './check.ts';
import { CHECKS } from './checks/index.ts';

const TITLES: Readonly<Record<(typeof GROUPS)[number], string>> = {
  rules: 'Rules',
  secrets: 'Secrets',
  state: 'State directory and disk',
  postgres: 'PostgreSQL',
  machine: 'Machine',
  network: 'Network',
  exposure: 'Requests from outside',
  daemon: 'Daemon',
  service: 'Service',
};

const INTRO = `<!-- Generated from the list of checks by \`npm run generate\`; edit daemon/doctor/page.ts and the checks. -->

# The doctor

\`belfry doctor\` examines the machine, the rules, the channels and the daemon. It names each fault with its mend, the worst first. It
opens connections and sends no message.

\`\`\`sh
belfry doctor              # faults and warnings
belfry doctor --verbose    # also the checks that found nothing
belfry doctor --json       # one line of JSON, for programs
belfry doctor --send       # also sends a test message by each channel, and asks whether you saw it
\`\`\`

A running daemon makes the checks itself, so that they see the secrets, the user and the network of the daemon, and you need none of
its secrets; the command adds what concerns you and the service. Without a daemon the command makes all checks as its own user: run it
as the user of the daemon (\`sudo -u belfry belfry doctor --config /etc/belfry\`). \`--url\` examines a daemon on another machine;
it needs a token of scope \`admin\`.

The exit code is 1 if a check fails, otherwise 0, also with warnings. \`--json\` prints
\`{"ok": true, "findings": [{"check": "disk.room", "level": "ok", "message": "...", "mend": ""}]}\` with the levels \`ok\`, \`warn\` and
\`fail\`; \`ok\` is false if a finding has the level \`fail\`. A check that does not apply has no finding. \`POST /v1/doctor\` of the
[HTTP API](http-api.md) returns the same for the checks of the daemon.

\`--send\` needs a running daemon. After each test message it asks \`Did you see it? [y]es, [n]o, [s]kip\`. The daemon stores the answer
with its time, and \`channels.seen\` shows it later: some desktops and providers accept a message that nobody ever sees. Without a
terminal, or with \`--json\`, it asks nothing and reports the receipts.

## Checks
`;

/** docs/doctor.md: the checks of the list, and those of the channel types. */
export function doctorPage({ channels }: Registry): string {
  const sections = GROUPS.map((group) =>
    section(
      TITLES[group],
      CHECKS.filter((check) => check.group === group),
    ),
  );
  const types = channels.flatMap(({ type, doctorChecks }) =>
    doctorChecks === undefined ? [] : [section(`Channels of type ${type}`, doctorChecks)],
  );
  return `${[INTRO.trimEnd(), ...sections, ...types].join('\n\n')}\n`;
}

function section(title: string, checks: readonly DoctorCheckInfo[]): string {
  const rows = checks.map(({ name, about, mend }) => `| \`${name}\` | ${cell(about)} | ${cell(mend)} |`);
  return [`### ${title}`, ['| check | finds | mend |', '| --- | --- | --- |', ...rows].join('\n')].join('\n\n');
}

const cell = (text: string): string => text.replaceAll('|', '\\|');
