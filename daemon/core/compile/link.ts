import { memoizeByObject } from '../../lib/memoize.ts';
import { compileSilenceText } from './sections/silence.ts';
import type { Fragment } from './compile.ts';
import { defaultDaemon } from './sections/daemon.ts';
import { withFolders } from './folders.ts';
import { deniedServers, withNetwork } from './network.ts';
import { BUILT_IN_SOURCES } from './sections/source.ts';
import { type Declared, type DeclaredKind, ownerOf, type Reference } from './context.ts';
import type { Problem } from '../problems/failure.ts';
import { buildIndex, buildResolvingIndex } from '../match/index/rule-index.ts';
import type { Ruleset } from '../ruleset.ts';
import { mendByName } from '../problems/suggest.ts';
import type { CompileTools } from './registry.ts';

/** Names that exist outside the fragments. `unknown`: a file could not be read, so any name may exist. */
export type ExternalNames = 'unknown' | Readonly<Record<'channels' | 'sources' | 'hours' | 'rules', readonly string[]>>;

export type Linked =
  | { readonly ok: true; readonly ruleset: Ruleset; readonly digests: ReadonlyMap<string, string> }
  | { readonly ok: false; readonly problems: readonly Problem[] };

const NO_NAMES: ExternalNames = { channels: [], sources: [], hours: [], rules: [] };

/**
 * Links the fragments of all files to a ruleset, and finds problems between files. Problems of single fragments are not repeated,
 * but prevent a ruleset. `digests`: a digest of the settings of every part, by a name such as `rule failed-deploy`.
 */
export function link(fragments: readonly Fragment[], tools: CompileTools, external: ExternalNames = NO_NAMES): Linked {
  const steps = linkSteps(fragments, tools, external);
  for (let step = steps.next(); ; step = steps.next()) if (step.done) return step.value;
}

/** Links in steps, so that the event loop can run in between. */
export function* linkSteps(
  fragments: readonly Fragment[],
  tools: CompileTools,
  external: ExternalNames = NO_NAMES,
): Generator<undefined, Linked> {
  const found: Problem[][] = [];
  for (const find of [duplicateNames, unknownNames, fallbackCycles, withoutAlerts]) {
    found.push(find(fragments, external));
    yield;
  }
  found.push(refusedNames(fragments, tools), deniedServers(fragments, tools));
  const problems = found.flat();
  if (problems.length > 0 || fragments.some((fragment) => fragment.problems.length > 0)) {
    return { ok: false, problems };
  }
  const digests = digestsOf(fragments);
  const rules = fragments.flatMap((fragment) => fragment.rules);
  yield;
  const index = buildIndex(rules);
  yield;
  const daemon = fragments.find((fragment) => fragment.daemon !== undefined)?.daemon ?? defaultDaemon(tools);
  const channels = fragments.flatMap((fragment) => fragment.channels);
  const ruleset: Ruleset = {
    daemon,
    rules,
    byName: new Map(rules.map((rule) => [rule.name, rule])),
    index,
    resolving: buildResolvingIndex(rules),
    hours: new Map(fragments.flatMap(({ hours }) => hours.map((entry) => [entry.name, entry]))),
    silences: fragments.flatMap(({ silences }) => silences),
    storedSilence: memoizeByObject((stored: object) => {
      const compiled = compileSilenceText(stored);
      return compiled.ok ? compiled.silence : undefined;
    }),
    sources: new Map(fragments.flatMap(({ sources }) => sources.map((source) => [source.name, source]))),
    channels: new Map(
      channels.map((channel) => [channel.name, withNetwork(withFolders(channel, daemon, tools), daemon, tools)]),
    ),
  };
  return { ok: true, ruleset: Object.freeze(ruleset), digests };
}

function digestsOf(fragments: readonly Fragment[]): ReadonlyMap<string, string> {
  const parts = fragments.flatMap(({ declared }) => declared).filter(({ kind }) => kind !== 'path');
  return new Map(parts.map(({ kind, name, digest }) => [name === '' ? kind : `${kind} ${name}`, digest]));
}

/** Messages for names that are declared twice. */
const ONCE: Readonly<Record<DeclaredKind, (name: string) => { message: string; mend: string }>> = {
  daemon: () => ({ message: '`daemon` is set in two files', mend: 'put all of it into one of them' }),
  channel: (name) => ({ message: `there is already a channel \`${name}\``, mend: 'rename one of them' }),
  source: (name) => ({ message: `there is already a source \`${name}\``, mend: 'rename one of them' }),
  hours: (name) => ({ message: `there are already hours \`${name}\``, mend: 'rename one of them' }),
  silence: (name) => ({ message: `there is already a silence \`${name}\``, mend: 'rename or remove one of them' }),
  rule: (name) => ({ message: `there is already a rule \`${name}\``, mend: 'rename one of them' }),
  path: (name) => ({ message: `there is already a source at \`${name}\``, mend: 'give one of them another path' }),
};

function duplicateNames(fragments: readonly Fragment[]): Problem[] {
  const problems: Problem[] = [];
  const seen = new Map<DeclaredKind, Map<string, Occurrence>>();
  for (const { file, declared } of fragments) {
    for (const one of declared) {
      let names = seen.get(one.kind);
      if (names === undefined) seen.set(one.kind, (names = new Map()));
      const first = names.get(one.name);
      if (first === undefined) names.set(one.name, { file, declared: one });
      else problems.push(duplicate({ file, declared: one }, first));
    }
  }
  return problems;
}

interface Occurrence {
  readonly file: string;
  readonly declared: Declared;
}

function duplicate({ file, declared: { kind, name, position } }: Occurrence, first: Occurrence): Problem {
  const { message, mend } = ONCE[kind](name);
  const { line, column } = first.declared.position;
  const other = `${first.file}:${line}:${column}`;
  return { file, ...position, code: `${kind}.duplicate`, message, mend: `the other one is at ${other}; ${mend}` };
}

function unknownNames(fragments: readonly Fragment[], external: ExternalNames): Problem[] {
  if (external === 'unknown') return [];
  const known: Readonly<Record<Noun, Set<string>>> = {
    source: new Set(BUILT_IN_SOURCES),
    channel: new Set(),
    hours: new Set(),
    rule: new Set(),
  };
  for (const { declared } of fragments) {
    for (const { kind, name } of declared) if (isNoun(kind)) known[kind].add(name);
  }
  for (const [noun, section] of EXTERNAL) for (const name of external[section]) known[noun].add(name);
  const problems: Problem[] = [];
  for (const { file, references } of fragments) {
    for (const reference of references) {
      const noun = MENTIONED[reference.kind];
      if (!known[noun].has(reference.name)) problems.push(unknownName(file, reference, noun, known[noun]));
    }
  }
  return problems;
}

type Noun = 'source' | 'channel' | 'hours' | 'rule';
const isNoun = (kind: DeclaredKind): kind is Noun => Object.hasOwn(NOUNS, kind);

/** Kind of the mentioned name, by the kind of the mention. */
const MENTIONED: Readonly<Record<Reference['kind'], Noun>> = {
  on: 'source',
  notify: 'channel',
  fallback: 'channel',
  canary: 'channel',
  hours: 'hours',
  inhibited_by: 'rule',
};

const EXTERNAL = [
  ['source', 'sources'],
  ['channel', 'channels'],
  ['hours', 'hours'],
  ['rule', 'rules'],
] as const;

/** Noun for messages, and the section of the file. */
const NOUNS: Readonly<Record<Noun, { readonly lacking: string; readonly section: string }>> = {
  source: { lacking: 'a source that does not exist', section: 'sources' },
  channel: { lacking: 'a channel that does not exist', section: 'channels' },
  hours: { lacking: 'hours that do not exist', section: 'hours' },
  rule: { lacking: 'a rule that does not exist', section: 'rules' },
};

function unknownName(
  file: string,
  { kind, name, from, hidden, position }: Reference,
  noun: Noun,
  known: ReadonlySet<string>,
): Problem {
  const owner = ownerOf(kind);
  const { lacking, section } = NOUNS[noun];
  return {
    file,
    ...position,
    code: `${owner}.unknown_${noun}`,
    message: `the ${owner} \`${from}\` names ${lacking}${hidden ? '' : `: \`${name}\``}`,
    mend: mendByName(hidden ? '' : name, known, `configure it under \`${section}:\``, `${section} are`),
  };
}

/** Reports `inhibited_by` with a rule that makes no alerts, or with the rule itself. */
function withoutAlerts(fragments: readonly Fragment[]): Problem[] {
  const mentions = fragments.flatMap(({ file, references }) =>
    references.filter(({ kind }) => kind === 'inhibited_by').map((reference) => ({ file, reference })),
  );
  if (mentions.length === 0) return [];
  const rules = new Map(fragments.flatMap((fragment) => fragment.rules.map((rule) => [rule.name, rule])));
  return mentions.flatMap(({ file, reference }): Problem[] => {
    const { name, from } = reference;
    const rule = rules.get(name);
    const problem = (message: string, mend: string): Problem[] => [
      { file, ...reference.position, code: 'rule.inhibited_by', message, mend },
    ];
    if (name === from) {
      const message = `the rule \`${from}\` would suppress itself`;
      return problem(message, 'name another rule; `dedupe` drops repetitions');
    }
    if (rule === undefined || rule.alert !== undefined) return [];
    const message = `the rule \`${name}\` makes no alerts, so it suppresses nothing`;
    return problem(message, `give \`${name}\` a \`resolve\` that says when its alert ends`);
  });
}

/** Reports circular fallbacks, in which a dead delivery would be passed on endlessly. */
function fallbackCycles(fragments: readonly Fragment[]): Problem[] {
  const steps = new Map<string, { readonly file: string; readonly reference: Reference }>();
  for (const { file, references } of fragments) {
    for (const reference of references)
      if (reference.kind === 'fallback') steps.set(reference.from, { file, reference });
  }
  const problems: Problem[] = [];
  const seen = new Set<string>();
  for (const start of steps.keys()) {
    const path: string[] = [];
    for (let name = start; !seen.has(name) && steps.has(name); name = steps.get(name)!.reference.name) {
      if (path.includes(name)) {
        problems.push(cycleProblem(path.slice(path.indexOf(name)), steps.get(name)!));
        break;
      }
      path.push(name);
    }
    for (const name of path) seen.add(name);
  }
  return problems;
}

function cycleProblem(circle: readonly string[], { file, reference }: { file: string; reference: Reference }): Problem {
  const round = [...circle, circle[0]!].map((name) => `\`${name}\``).join(' -> ');
  return {
    file,
    ...reference.position,
    code: 'channel.fallback_circle',
    message: `the fallbacks form a circle: ${round}`,
    mend: 'remove the fallback of one of these channels',
  };
}

/** Reports names whose form is invalid for the type of their channel, once for each position. */
function refusedNames(fragments: readonly Fragment[], tools: Pick<CompileTools, 'channels'>): Problem[] {
  const types = new Map(tools.channels.map((type) => [type.type, type]));
  const channels = new Map(fragments.flatMap((fragment) => fragment.channels.map(({ name, type }) => [name, type])));
  const problems = new Map<string, Problem>();
  for (const { file, names } of fragments) {
    for (const { field, text, channel, position } of names) {
      const fault = types.get(channels.get(channel) ?? '')?.names?.[field]?.(text.trim());
      if (fault === undefined) continue;
      const message = `the channel \`${channel}\` cannot use this: ${fault.message}`;
      const place = `${file}:${position.line}:${position.column}`;
      problems.set(
        place,
        problems.get(place) ?? { file, ...position, code: `rule.${field}`, message, mend: fault.mend },
      );
    }
  }
  return [...problems.values()];
}
