import { expect, test } from 'vitest';
import { chosen, wantedOf } from '../../bench/wanted.ts';

const ALL = [{ name: 'delivered' }, { name: 'rules' }, { name: 'pending', onlyNamed: true as const }];
const names = (wanted: 'all' | readonly string[]): readonly string[] => chosen(ALL, wanted).map((one) => one.name);

test('without a word everything is measured', () => {
  expect(wantedOf([])).toEqual({ kind: 'measure', size: 'full', peers: false, lines: 'all', curves: 'all' });
});

test('naming lines leaves the others and the curves out', () => {
  expect(wantedOf(['lines', 'delivered', 'rules'])).toMatchObject({ lines: ['delivered', 'rules'], curves: [] });
  expect(wantedOf(['curves'])).toMatchObject({ lines: [], curves: 'all' });
});

test('short, peers and a file go with all the rest', () => {
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

test('what takes too long is measured only when it is named', () => {
  expect(names('all')).toEqual(['delivered', 'rules']);
  expect(names(['pending'])).toEqual(['pending']);
});

test('an unknown name is answered with those that there are', () => {
  expect(() => names(['delivred'])).toThrow('no delivred; there are delivered, rules, pending');
});
