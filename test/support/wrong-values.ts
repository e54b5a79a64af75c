/** Values that a kind (`core/values/value-kind.ts`) refuses, by its name. */
export const WRONG_VALUES: Readonly<Record<string, readonly string[]>> = {
  text: [],
  name: ['', ' '],
  account: ['', 'Ann', 'a b', '0a', '-x', 'a:b', 'x'.repeat(33)],
  'short text': ['', ' ', 'x'.repeat(1001)],
  attribute: ['', 'a\u0007', 'x'.repeat(1025)],
  cursor: ['', '1', '_d-1', 'x_d-1'],
  token: ['', 'a b', 'a\nb', 'schlüssel'],
  address: ['', 'notaurl', 'ftp://127.0.0.1', 'http://', 'http://h/path#x', 'http://u:p@127.0.0.1:1', 'http://h?x=1'],
  instant: ['', 'nonsense', 'yesterday', '5', '2026-13-40', '2026-02-30', '2026-11-23T25:00:00Z', '1764000000'],
  'time or duration ago': ['', 'nonsense', 'yesterday', '5', '-1h', '2026-13-40', '2026-02-30', '2h ago'],
  'wall time': ['', 'nonsense', '2h', '2026-13-40', '2026-02-30T08:00'],
  'time zone': ['', 'nosuch', 'Europe/Nowhere'],
  duration: ['', 'soon', '5', '-1s', '1 h', '1y', 'Infinity'],
  count: ['', '-1', '9999999999999999', '1.5', '1e3', 'many', '0x10'],
  'one of a list': ['', 'nosuch', 'ASC', '__proto__'],
  'some of a list': ['', 'nosuch', 'dead,nosuch', 'dead,', 'dead pending'],
};
