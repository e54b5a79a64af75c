import type { DoctorFinding, DoctorLevel } from '../../core/problems/doctor.ts';
import type { ChannelTestView } from '../../http/daemon-api.ts';
import { counted } from '../../lib/counted.ts';
import type { Style } from './style.ts';
import { harmless, type Paint } from './terminal.ts';

const COLOUR: Readonly<Record<DoctorLevel, Parameters<Paint>[0]>> = { fail: 'red', warn: 'yellow', ok: 'green' };

/** Findings for people: the worst first, each with its mend; those that are ok only if `verbose`. */
export function doctorText(findings: readonly DoctorFinding[], verbose: boolean, style: Style): string {
  const of = (level: DoctorLevel): readonly DoctorFinding[] => findings.filter((finding) => finding.level === level);
  const [failed, warned, good] = [of('fail'), of('warn'), of('ok')];
  const shown = [...failed, ...warned, ...(verbose ? good : [])].map((finding) => findingText(finding, style));
  const counts = `${failed.length} failed, ${counted(warned.length, 'warning')}, ${good.length} ok`;
  return [...shown, style.paint(failed.length > 0 ? 'red' : 'green', counts)].join('\n');
}

function findingText({ check, level, message, mend }: DoctorFinding, { paint, times }: Style): string {
  const first = `${paint(COLOUR[level], level.padEnd(4))}  ${paint('bold', check)}  ${times(harmless(message))}`;
  return mend === '' ? first : `${first}\n      ${paint('grey', 'mend:')} ${harmless(mend)}`;
}

/** Result of a test message. */
export function testLine({ channel, ok, ms, error, receipt }: ChannelTestView, paint: Paint): string {
  if (!ok)
    return `${channel}: ${paint('red', 'failed')}  ${error?.class ?? ''}  ${error?.code ?? ''}: ${harmless(error?.message ?? '')}`;
  const proof = [receipt?.id, receipt?.status, receipt?.answer].filter((part) => part !== undefined).join('  ');
  return `${channel}: ${paint('green', 'sent')} in ${ms} ms${proof === '' ? '' : `  ${harmless(proof)}`}`;
}
