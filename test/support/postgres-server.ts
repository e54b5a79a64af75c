import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { afterAll, describe, test } from 'vitest';
import { freePort } from './program-server.ts';

const run = promisify(execFile);

/** Reason for a skip where PostgreSQL is not installed. */
export const NEEDS_POSTGRES = 'needs the Debian package postgresql';

/** Folder in which Debian keeps a folder for each version. */
const VERSIONS = '/usr/lib/postgresql';

/** Settings that make a server of tests fast. It may lose everything when the machine crashes. */
const SETTINGS = ['fsync=off', 'full_page_writes=off', 'max_connections=200', 'shared_buffers=32MB'];

const MAX_STARTS = 3;

/** Folder with `initdb` and `postgres` of the newest version; undefined if none is installed. */
function programs(): string | undefined {
  if (!existsSync(VERSIONS)) return undefined;
  return readdirSync(VERSIONS)
    .sort((a, b) => Number(b) - Number(a))
    .map((version) => path.join(VERSIONS, version, 'bin'))
    .find((folder) => existsSync(path.join(folder, 'initdb')));
}

export const hasPostgres = (): boolean => programs() !== undefined;

export interface PostgresOptions {
  /** Settings of the server, such as `max_connections=10`. */
  readonly settings?: readonly string[];
  /** Arguments of `initdb` besides those that every server gets. */
  readonly initdb?: readonly string[];
  /** Files to write into the data directory, by name; only the user of the server may read them. */
  readonly files?: Readonly<Record<string, string>>;
}

/** A private server of PostgreSQL in a temporary folder, as an unprivileged user, on a Unix socket and a port of the loopback. */
export class PostgresServer {
  readonly folder: string;
  readonly port: number;
  readonly #options: PostgresOptions;
  #child: ChildProcess | undefined;
  #output = '';
  #databases = 0;

  private constructor(folder: string, port: number, options: PostgresOptions) {
    this.folder = folder;
    this.port = port;
    this.#options = options;
  }

  static async open(options: PostgresOptions = {}): Promise<PostgresServer> {
    const folder = await newFolder();
    const [file, ...args] = asUser(program('initdb'));
    const more = ['--auth=trust', '--username=belfry', '--no-sync', '--encoding=UTF8', '--no-locale'];
    await run(file!, [...args, '-D', path.join(folder, 'data'), ...more, ...(options.initdb ?? [])], { cwd: folder });
    for (const [name, text] of Object.entries(options.files ?? {}))
      await writeOwn(path.join(folder, 'data', name), text);
    for (let left = MAX_STARTS; ; left -= 1) {
      const server = new PostgresServer(folder, await freePort(), options);
      try {
        await server.start();
        return server;
      } catch (error) {
        // Another process may have taken the port meanwhile.
        if (left > 1) continue;
        await rm(folder, { recursive: true, force: true });
        throw error;
      }
    }
  }

  /** Copies the server and starts the copy as a standby, which replicates asynchronously and takes no writes. */
  async openStandby(): Promise<PostgresServer> {
    const folder = await newFolder();
    const [file, ...args] = asUser(program('pg_basebackup'));
    await run(
      file!,
      [...args, '-D', path.join(folder, 'data'), '-d', this.url(), '-R', '--checkpoint=fast', '--no-sync'],
      {
        cwd: folder,
      },
    );
    const standby = new PostgresServer(folder, await freePort(), this.#options);
    await standby.start();
    return standby;
  }

  /** Address of a database over TCP. `user` is the administrator if it is not given. */
  url(database = 'postgres', user = 'belfry'): string {
    return `postgres://${user}@127.0.0.1:${this.port}/${database}`;
  }

  /** Address of a database by the Unix socket. */
  socketUrl(database = 'postgres', user = 'belfry'): string {
    return `postgres://${user}@/${database}?host=${this.folder}&port=${this.port}`;
  }

  /** Makes an empty database. Resolves to its name. */
  async newDatabase(options = ''): Promise<string> {
    const name = `test_${(this.#databases += 1)}`;
    await this.query(`CREATE DATABASE ${name} TEMPLATE template0 ${options}`);
    return name;
  }

  /** Opens a connection as the administrator, which the caller ends. */
  async connection(database?: string): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: this.url(database) });
    client.on('error', () => undefined);
    await client.connect();
    return client;
  }

  /** Runs statements by a connection of its own, as the administrator. Resolves to the rows of the last one. */
  async query(text: string, database?: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
    const client = await this.connection(database);
    try {
      const results: pg.QueryResult | pg.QueryResult[] = await client.query(text);
      return (Array.isArray(results) ? results.at(-1)! : results).rows as Record<string, unknown>[];
    } finally {
      await client.end();
    }
  }

  /** Starts the server, also after a stop, with more settings. Resolves when it accepts connections. */
  async start(more: readonly string[] = this.#options.settings ?? []): Promise<void> {
    const { folder, port } = this;
    const own = [`port=${port}`, 'listen_addresses=127.0.0.1', `unix_socket_directories=${folder}`];
    const settings = [...own, ...SETTINGS, ...more].flatMap((setting) => ['-c', setting]);
    const [file, ...args] = asUser(program('postgres'));
    const child = spawn(file!, [...args, '-D', path.join(folder, 'data'), ...settings], {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#child = child;
    this.#output = '';
    await new Promise<void>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code) => reject(new Error(`PostgreSQL ended with ${code}: ${this.#output}`)));
      child.stderr.on('data', (chunk: Buffer) => {
        this.#output += String(chunk);
        if (/ready to accept (?:read-only )?connections/.test(this.#output)) resolve();
      });
    });
  }

  /** Stops the server: `SIGINT` as on purpose, `SIGQUIT` as in a crash (it recovers at the next start). */
  async stop(signal: 'SIGINT' | 'SIGQUIT' = 'SIGINT'): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  }

  /** Stops the server and deletes it. */
  async close(): Promise<void> {
    await this.stop('SIGQUIT');
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** One server for all tests of a file, which starts when the first test wants it. To be called outside of the tests. */
export function sharedPostgres(options: PostgresOptions = {}): () => Promise<PostgresServer> {
  let opened: Promise<PostgresServer> | undefined;
  afterAll(async () => (await opened?.catch(() => undefined))?.close());
  return () => (opened ??= PostgresServer.open(options));
}

/** Group of tests that need a server; a test that is skipped where none is installed. */
export function describePostgres(title: string, declare: () => void): void {
  if (hasPostgres()) describe(title, declare);
  else test(title, (context) => context.skip(NEEDS_POSTGRES));
}

/** Folder that the user of the server owns. */
async function newFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'belfry-pg-'));
  await chmod(folder, 0o755);
  if (isRoot()) await run('chown', ['postgres', folder]);
  return folder;
}

const isRoot = (): boolean => process.geteuid?.() === 0;

async function writeOwn(file: string, text: string): Promise<void> {
  await writeFile(file, text, { mode: 0o600 });
  if (isRoot()) await run('chown', ['postgres', file]);
}

/** Command line of a program that must not run as root, and that ends with this process. */
function asUser(file: string): readonly string[] {
  const user = isRoot() ? ['--reuid=postgres', '--regid=postgres', '--init-groups'] : [];
  return ['setpriv', ...user, '--pdeathsig=QUIT', '--', file];
}

function program(name: string): string {
  const folder = programs();
  if (folder === undefined) throw new Error(NEEDS_POSTGRES);
  return path.join(folder, name);
}
