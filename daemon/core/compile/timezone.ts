import type { CompileContext } from './context.ts';
import { isTimezone } from '../time/due-times.ts';
import { suggest } from '../problems/suggest.ts';

/** The zone whose clock on the wall is meant: the one given, that of the machine, or UTC. One that there is not is reported. */
export function compileTimezone(
  given: string | undefined,
  pointer: string,
  code: string,
  context: CompileContext,
): string {
  if (given === undefined) return ownTimezone();
  if (isTimezone(given)) return given;
  const meant = context.document.referenced(pointer) ? undefined : meantBy(given);
  const mend =
    meant === undefined
      ? 'use a name of the IANA list, such as `Europe/Berlin` or `Asia/Shanghai`'
      : `did you mean \`${meant}\`?`;
  context.found({ pointer, at: 'value', code, message: 'there is no such time zone', mend });
  return 'UTC';
}

/** Of a machine whose zone is set to nonsense nothing is known. */
function ownTimezone(): string {
  const own = new Intl.DateTimeFormat().resolvedOptions().timeZone as string | undefined;
  return own !== undefined && isTimezone(own) ? own : 'UTC';
}

/** A slip, or the city alone. */
function meantBy(given: string): string | undefined {
  const names = Intl.supportedValuesOf('timeZone');
  const city = `/${given.trim().toLowerCase().replaceAll(' ', '_')}`;
  return suggest(given, names) ?? names.find((name) => name.toLowerCase().endsWith(city));
}
