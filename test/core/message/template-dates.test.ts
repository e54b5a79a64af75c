import { afterEach, describe, expect, it } from 'vitest';
import type { Event } from '../../../daemon/core/event/event.ts';
import { compileTemplate } from '../../../daemon/core/message/template.ts';

const zone = process.env.TZ;

afterEach(() => {
  if (zone === undefined) delete process.env.TZ;
  else process.env.TZ = zone;
});

/** East and west of Greenwich, with and without summer time, and where days begin at one o'clock or are left out. */
const ZONES = [
  'UTC',
  'America/New_York',
  'America/Los_Angeles',
  'Pacific/Pago_Pago',
  'Pacific/Kiritimati',
  'Asia/Shanghai',
  'Asia/Kolkata',
  'Africa/Cairo',
  'America/Santiago',
  'Australia/Lord_Howe',
];

/** Days on which clocks change somewhere, and others. */
const DAYS = [
  '2026-01-01',
  '2026-02-28',
  '2026-03-08',
  '2026-03-29',
  '2026-04-24',
  '2026-06-30',
  '2026-09-06',
  '2026-10-25',
  '2026-11-01',
  '2026-12-31',
];

const event: Event = { id: '1', source: 's', type: 't', time: '2026-06-30T22:30:00Z', data: null };

function render(source: string, scope: object = {}): string {
  const compiled = compileTemplate(source);
  if (!compiled.ok) throw new Error(compiled.message);
  const { text, error } = compiled.template.render({ event, now: '2026-06-30T22:30:00Z', ...scope });
  if (error !== undefined) throw new Error(error);
  return text;
}

describe('a date without a time', () => {
  it.each(ZONES)('is that day where the daemon runs in %s, in every zone', (local) => {
    process.env.TZ = local;
    for (const day of DAYS) {
      expect([day, render('{{ day | date: "%Y-%m-%d %a" }}', { day }).slice(0, 10)]).toEqual([day, day]);
      for (const shown of ZONES) {
        const text = render(`{{ day | date: "%Y-%m-%d", "${shown}" }}`, { day });
        expect([day, shown, text]).toEqual([day, shown, day]);
      }
      expect([day, render('{{ day | date: "%Y-%m-%d", 480 }}', { day })]).toEqual([day, day]);
    }
  });

  it.each(['Asia/Shanghai', 'America/New_York'])(
    'is it by every filter and in every way to write it, in %s',
    (local) => {
      process.env.TZ = local;
      const filters = [
        'date: "%d %b %Y"',
        'date_to_string',
        'date: "%d %b %Y", "Asia/Tokyo"',
        'date: "%d %b %Y", "America/Denver"',
      ];
      for (const day of ['2026-06-30', '2026/06/30', 'June 30, 2026', '30 Jun 2026']) {
        for (const filter of filters)
          expect([filter, day, render(`{{ day | ${filter} }}`, { day })]).toEqual([filter, day, '30 Jun 2026']);
      }
      expect(render('{{ "2026-06-30" | date_to_long_string }}')).toBe('30 June 2026');
      expect(render('{{ "2026-06-30" | date_to_xmlschema }}')).toMatch(/^2026-06-30T00:00:00/);
      expect(render('{{ "2026-06-30" | date_to_rfc822 }}')).toMatch(/^Tue, 30 Jun 2026 00:00:00/);
      expect(render('{{ "2026-06" | date: "%Y-%m-%d" }}')).toBe('2026-06-01');
    },
  );

  it('begins in the requested zone', () => {
    process.env.TZ = 'America/New_York';
    expect(render('{{ "2026-06-30" | date: "%Y-%m-%dT%H:%M:%S%z", "Asia/Tokyo" }}')).toBe('2026-06-30T00:00:00+0900');
    expect(render('{{ "2026-06-30" | date: "%Y-%m-%dT%H:%M:%S%z" }}')).toBe('2026-06-30T00:00:00-0400');
  });
});

describe('a time', () => {
  it('is shown in the zone of the daemon, or in the requested one', () => {
    process.env.TZ = 'Asia/Shanghai';
    expect(render('{{ time | date: "%Y-%m-%d %H:%M" }}')).toBe('2026-07-01 06:30');
    expect(render('{{ time | date: "%Y-%m-%d %H:%M", "UTC" }}')).toBe('2026-06-30 22:30');
    expect(render('{{ "now" | date: "%Y-%m-%d", "America/New_York" }}')).toBe('2026-06-30');
    expect(render('{{ "today" | date: "%Y-%m-%d" }}')).toBe('2026-07-01');
    expect(render('{{ 1782858600 | date: "%Y-%m-%d", "UTC" }}')).toBe('2026-06-30');
    expect(render('{{ "1782858600" | date: "%Y-%m-%d", "UTC" }}')).toBe('2026-06-30');
    expect(render('{{ "no date" | date: "%Y" }}')).toBe('no date');
    expect(render('{{ time | date: "%H:%M %Z", "Europe/Berlin" }}')).toBe('00:30 Europe/Berlin');
  });

  it('is right in another zone also on the day when the clock of the daemon changes', () => {
    process.env.TZ = 'America/New_York';
    const times = ['2026-11-01T04:30:00Z', '2026-11-01T06:30:00Z', '2026-11-01T08:30:00Z', '2026-03-08T06:30:00Z'];
    const shown = times.map((at) => render('{{ at | date: "%d. %H:%M", "Europe/Berlin" }}', { at }));
    expect(shown).toEqual(['01. 05:30', '01. 07:30', '01. 09:30', '08. 07:30']);
  });
});
