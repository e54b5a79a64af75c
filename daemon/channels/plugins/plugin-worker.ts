import * as nodeModule from 'node:module';
import { fileURLToPath } from 'node:url';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { packError, unpackSettings } from './pack.ts';
import { describe, PluginFault, typesOf } from './describe.ts';
import type { FromWorker, Posted, PostedError, SyncMethod, ToWorker, WorkerStart } from './protocol.ts';
import { WorkerChannels } from './worker-channels.ts';
import type { ChannelType } from '../channel.ts';

/** Runs one plugin in a worker thread: what it does wrong ends this thread at most. */
const { module: url, own } = workerData as WorkerStart;
const port = parentPort as MessagePort;
const post = (message: FromWorker): void => port.postMessage(message);

/** Lets the plugin import `belfry/channel` wherever its file is. */
function resolveOwn(): void {
  type Next = (specifier: string, context: unknown) => unknown;
  const { registerHooks, register } = nodeModule as unknown as {
    registerHooks?: (hooks: object) => void;
    register: (url: string) => void;
  };
  if (registerHooks !== undefined) {
    const resolve = (specifier: string, context: unknown, next: Next): unknown =>
      Object.hasOwn(own, specifier) ? { url: own[specifier], shortCircuit: true } : next(specifier, context);
    registerHooks({ resolve });
    return;
  }
  const code = `const own = ${JSON.stringify(own)};
export async function resolve(specifier, context, next) {
  return Object.hasOwn(own, specifier) ? { url: own[specifier], shortCircuit: true } : next(specifier, context);
}`;
  register(`data:text/javascript,${encodeURIComponent(code)}`);
}

async function start(): Promise<void> {
  resolveOwn();
  let types: readonly ChannelType[];
  try {
    types = typesOf((await import(url)) as Record<string, unknown>);
  } catch (error) {
    const { message, mend } = error instanceof PluginFault ? error : loadingFault(packError(error));
    return post({ kind: 'fault', message, mend });
  }
  const channels = new WorkerChannels(types, post);
  port.on('message', (message: ToWorker) => {
    if (message.kind === 'sync') answerSync(types, message);
    else channels.handle(message);
  });
  post({ kind: 'ready', types: types.map(describe) });
}

/** Fault of a module that cannot be loaded, with the place in it. Node.js gives no place for most errors of syntax, but its `--check` does. */
function loadingFault({ message, stack = '' }: PostedError): { readonly message: string; readonly mend: string } {
  const [, file, line] = /(file:\/\/[^\s()]+?)(?:\?[^\s():]*)?:(\d+)(?::\d+)?\)?$/m.exec(stack) ?? [];
  const place = file === undefined ? '' : ` (${fileURLToPath(file)}:${line})`;
  const mend =
    place === '' ? `correct the module; \`node --check ${fileURLToPath(url)}\` shows where` : 'correct the module';
  return { message: `it cannot be loaded: ${message.split('\n')[0]}${place}`, mend };
}

function answerSync(types: readonly ChannelType[], message: Extract<ToWorker, { kind: 'sync' }>): void {
  const { type, method, args, done, port: answers } = message;
  answers.postMessage(resultOf(() => callSync(types.find((one) => one.type === type)!, method, args)));
  Atomics.store(done, 0, 1);
  Atomics.notify(done, 0);
  answers.close();
}

function callSync(type: ChannelType, method: SyncMethod, args: readonly unknown[]): unknown {
  if (method === 'escape') return type.escape!(args[0] as string, args[1] as 'text');
  if (method === 'check') return type.check!(unpackSettings(args[0]));
  if (method === 'uses') return JSON.parse(JSON.stringify(type.uses!(unpackSettings(args[0]))));
  return type.names![method]!(args[0] as string);
}

function resultOf<T>(run: () => T): Posted<T> {
  try {
    return { ok: true, value: run() };
  } catch (error) {
    return { ok: false, error: packError(error) };
  }
}

void start();
