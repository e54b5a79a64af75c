import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';

const PROGRAMS = {
  Xvfb: 'xvfb',
  dunst: 'dunst',
  'dbus-daemon': 'dbus-daemon',
  'dbus-send': 'dbus-bin',
  'notify-send': 'libnotify-bin',
};

/** Debian packages that a desktop needs and this machine lacks. */
export function missingPackages(): string[] {
  const found = (program: string): boolean => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;
  return Object.entries(PROGRAMS)
    .filter(([program]) => !found(program))
    .map(([, name]) => name);
}

/** Notification as the desktop shows it. */
export interface Shown {
  readonly id: string;
  readonly app: string;
  readonly title: string;
  readonly body: string;
  readonly icon: string;
  readonly urgency: string;
  /** Milliseconds as dunst reports them; 0 is without end. */
  readonly timeout: string;
}

export interface Desktop {
  /** Environment with which a program finds the desktop. */
  readonly env: Readonly<Record<string, string>>;
  /** Bus in the same session without a notification server. */
  readonly emptyBus: string;
  /** All notifications so far, in order; a replaced one occurs twice with the same id. */
  shown(): Promise<readonly Shown[]>;
  close(): Promise<void>;
}

// Without service folders, so that the bus starts no service on demand.
const BUS = `<busconfig><type>session</type><listen>unix:tmpdir=FOLDER</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/></policy></busconfig>`;
const dunstSettings = (markup: string): string =>
  `[global]\nmonitor = 0\nmarkup = ${markup}\nstack_duplicates = false\nshow_indicators = no\n`;

/** Desktop without a screen: an X server, a session bus, and dunst, which prints what it shows. `markup`: setting of dunst. */
export async function openDesktop({ markup = 'full' } = {}): Promise<Desktop> {
  const folder = await mkdtemp(path.join(tmpdir(), 'belfry-desktop-'));
  const children: ChildProcess[] = [];
  const busFile = path.join(folder, 'bus.conf');
  await writeFile(busFile, BUS.replace('FOLDER', folder));
  await writeFile(path.join(folder, 'dunstrc'), dunstSettings(markup));

  const screen = spawn('Xvfb', ['-displayfd', '3', '-screen', '0', '640x480x24', '-nolisten', 'tcp'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  });
  children.push(screen);
  const DISPLAY = `:${await firstLine(screen.stdio[3] as Readable)}`;
  const openBus = async (): Promise<string> => {
    const bus = spawn('dbus-daemon', [`--config-file=${busFile}`, '--nofork', '--print-address=1'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    children.push(bus);
    return await firstLine(bus.stdout);
  };
  const [address, emptyBus] = await Promise.all([openBus(), openBus()]);
  const env = { PATH: process.env.PATH!, HOME: folder, DISPLAY, DBUS_SESSION_BUS_ADDRESS: address };

  const paper = openSync(path.join(folder, 'shown'), 'a');
  const dunst = spawn('dunst', ['-print', '-conf', path.join(folder, 'dunstrc')], {
    env,
    stdio: ['ignore', paper, 'ignore'],
  });
  closeSync(paper);
  children.push(dunst);
  while (!(await isOwned(env))) if (dunst.exitCode !== null) throw new Error('dunst ended');

  return {
    env,
    emptyBus,
    async shown() {
      // Answered after dunst has printed all earlier notifications.
      await ask(
        env,
        'org.freedesktop.Notifications',
        '/org/freedesktop/Notifications',
        'org.freedesktop.Notifications.GetServerInformation',
      );
      return parseShown(await readFile(path.join(folder, 'shown'), 'utf8'));
    },
    async close() {
      for (const child of children.reverse()) {
        const ended = once(child, 'exit');
        if (child.exitCode === null && child.kill('SIGKILL')) await ended;
      }
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function firstLine(stream: Readable): Promise<string> {
  for await (const line of createInterface({ input: stream })) return line;
  throw new Error('the program ended without a word');
}

async function ask(
  env: Record<string, string>,
  destination: string,
  object: string,
  method: string,
  ...args: string[]
): Promise<string> {
  const command = ['--session', '--print-reply', `--dest=${destination}`, object, method, ...args];
  return (await promisify(execFile)('dbus-send', command, { env })).stdout;
}

const isOwned = async (env: Record<string, string>): Promise<boolean> =>
  /boolean true/.test(
    await ask(
      env,
      'org.freedesktop.DBus',
      '/org/freedesktop/DBus',
      'org.freedesktop.DBus.NameHasOwner',
      'string:org.freedesktop.Notifications',
    ),
  );

function parseShown(text: string): Shown[] {
  return text
    .split(/^\{$/m)
    .slice(1)
    .map((record) => {
      const quoted = (name: string): string =>
        new RegExp(`^\\t${name}: '([\\s\\S]*?)'\\n\\t`, 'm').exec(record)?.[1] ?? '';
      const bare = (name: string): string => new RegExp(`^\\t${name}: (.*)$`, 'm').exec(record)?.[1] ?? '';
      return {
        id: bare('id'),
        app: quoted('appname'),
        title: quoted('summary'),
        body: quoted('body').replaceAll('\n ', '\n'),
        icon: quoted('icon'),
        urgency: bare('urgency'),
        timeout: bare('timeout'),
      };
    });
}
