import { expect, test } from 'vitest';
import { chosen, wantedOf } from '../../bench/wanted.ts';

const ALL = [{ name: 'delivered' }, { name: 'rules' }, { name: 'pending', onlyNamed: true as const }];
const names = (wanted: 'all' | readonly string[]): readonly string[] => chosen(ALL, wanted).map((one) => one.name);

test('without arguments everything is measured', () => {
  expect(wantedOf([])).toEqual({ kind: 'measure', size: 'full', peers: false, lines: 'all', curves: 'all' });
});

test('with names of lines, the other lines and the curves are left out', () => {
  expect(wantedOf(['lines', 'delivered', 'rules'])).toMatchObject({ lines: ['delivered', 'rules'], curves: [] });
  expect(wantedOf(['curves'])).toMatchObject({ lines: [], curves: 'all' });
});

test('short, peers and a file combine with all lines', () => {
  expect(wantedOf(['short', 'lines', 'rules', 'peers', '--json', 'kept.json'])).toEqual({
    kind: 'measure',
    size: 'short',
    peers: true,
    lines: ['rules'],
    curves: [],
    json: 'kept.json',
  });
});

test('a document is written from a file', () => {
  expect(wantedOf(['document', 'kept.json'])).toEqual({ kind: 'document', from: 'kept.json' });
});

test.each([[['delivered']], [['document']], [['--json']], [['short', 'rules']]])(
  '%j is answered with the usage',
  (words) => {
    expect(() => wantedOf(words)).toThrow('npm run bench');
  },
);

test('lines that take too long are measured only when they are named', () => {
  expect(names('all')).toEqual(['delivered', 'rules']);
  expect(names(['pending'])).toEqual(['pending']);
});

test('an unknown name is an error with the known ones', () => {
  expect(() => names(['delivred'])).toThrow('no delivred; there are delivered, rules, pending');
});
