import type { DoctorResult } from '../../../core/problems/doctor.ts';
import type { Machine } from '../../../lib/machine/machine.ts';
import type { ChannelCheck } from '../../channel.ts';
import type { DesktopCheck, DesktopSettings } from './desktop-check.ts';
import { LINUX_CHECKS } from './linux-checks.ts';
import { NATIVE_CHECKS } from './native-checks.ts';

/** Causes for which no notification is shown. A check of another operating system has no result. */
export const DESKTOP_CHECKS: readonly ChannelCheck<DesktopSettings>[] = [...LINUX_CHECKS, ...NATIVE_CHECKS].map(
  ({ platform, ...check }) => ({
    ...check,
    run: async (settings: DesktopSettings, machine: Machine): Promise<readonly DoctorResult[]> =>
      applies(platform, machine.platform) ? await check.run(settings, machine) : [],
  }),
);

function applies(wanted: DesktopCheck['platform'], platform: NodeJS.Platform): boolean {
  if (wanted === undefined) return platform !== 'darwin' && platform !== 'win32';
  return wanted === 'any' || wanted === platform;
}
