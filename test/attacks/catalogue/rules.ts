import type { Row } from './row.ts';

export const rules = [
  { id: 'E1', attack: 'aliases that expand to a billion values', answer: 'refused as `yaml.too_many_aliases`' },
  {
    id: 'E2',
    attack: 'lists, maps, keys and indentation that are nested up to 100,000 levels, again and again',
    answer: 'refused as `yaml.too_deep`, beyond 64 levels; the process lives',
  },
  {
    id: 'E3',
    attack: 'a map with 50,000 keys',
    answer: 'refused key by key; events are accepted meanwhile',
  },
  { id: 'E4', attack: 'a file of 5 GB, and a name of 10 MB', answer: 'refused as `file.too_large` and `schema.range`' },
  { id: 'E5', attack: 'a key that occurs twice', answer: 'refused as `yaml.duplicate_key`' },
  {
    id: 'E6',
    attack: '`__proto__`, `constructor` and `prototype` as keys, also merged by `<<`',
    answer: 'refused, or a plain name where any name is allowed; no object gets a property',
  },
  { id: 'E7', attack: 'tags such as `!!js/function` and `!include /etc/passwd`', answer: 'refused as `yaml.tag`' },
  {
    id: 'E8',
    attack: 'values that YAML 1.1 and 1.2 read differently: `no`, `010`, `1e3`, `12:30:45`',
    answer: 'read as YAML 1.2; refused with "put it in quotes" where a text is needed',
  },
  {
    id: 'E9',
    attack: 'tabs, NUL, UTF-16, bytes that are not UTF-8, and names with control or bidirectional characters',
    answer: 'refused with the place; CRLF and a byte order mark are read',
  },
  { id: 'E10', attack: 'a second document in a file', answer: 'refused as `yaml.documents`' },
  { id: 'E11', attack: 'misspelt settings', answer: 'refused as `schema.unknown_key`, with the right name' },
  {
    id: 'E12',
    attack: 'a channel that does not exist, and one name for two rules, also of two files',
    answer: 'refused with both places',
  },
  {
    id: 'E13',
    attack:
      'regular expressions and conditions that take exponential time, or time by the product of two texts of an event',
    answer: 'evaluated in linear time, or stopped as the outcome `error`; look-around and back-references are refused',
  },
  {
    id: 'E14',
    attack: 'globs that expand to a billion patterns, or backtrack',
    answer: 'evaluated in linear time; ranges and extended globs are refused',
  },
  {
    id: 'E15',
    attack: 'schedules that are malformed, never due, or in no time zone',
    answer: 'refused as `source.settings`',
  },
  { id: 'E16', attack: 'durations that are negative, endless, or without a unit', answer: 'refused' },
  {
    id: 'E17',
    attack: 'URLs of files, of other protocols, and of the internal network in every spelling of an address',
    answer: 'the first two are refused, and with `egress.deny_private` the others too',
  },
  {
    id: 'E18',
    attack: 'a secret that stands in the rules themselves',
    answer: 'accepted, and masked like one from the environment',
  },
  {
    id: 'E19',
    attack: "a rule whose webhook posts to the daemon's own API what makes it fire again",
    answer: 'stopped after ten hops',
  },
  {
    id: 'E20',
    attack: 'a `file` channel that writes into the folder that its rule watches',
    answer: 'stopped after ten hops',
  },
  {
    id: 'E21',
    attack: 'a rules file that every user of the machine may write',
    answer: '`belfry doctor` warns; the file is read',
  },
  {
    id: 'E22',
    attack: 'a FIFO, a device, a loop of links, a file in place of a folder, and 20,000 files among the rules',
    answer: 'refused with the file, or passed over; nothing hangs',
  },
] as const satisfies readonly Row[];
