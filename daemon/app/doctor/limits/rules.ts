import { MAX_LENGTH, MAX_LIST, MAX_MACRO_DEPTH } from '../../../core/match/condition/condition.ts';
import { MAX_MEMORY, MAX_SOURCE_LENGTH, MAX_STEPS } from '../../../core/message/template.ts';
import { formatDuration } from '../../../lib/time/duration.ts';
import { MAX_FILE_BYTES, MAX_FILES, MAX_FOLDER_DEPTH } from '../../../reload/files.ts';
import { MAX_SECRET_BYTES } from '../../../reload/references.ts';
import { MAX_ALIASED, MAX_DEPTH } from '../../../reload/yaml/convert.ts';
import { MAX_TOKENS } from '../../../reload/yaml/parse.ts';
import { MAX_HEAP_MB, TIMEOUT_MS } from '../../reload/rule-tests.ts';
import { MAX_TESTS } from '../../reload/run-rule-tests.ts';
import { bytes, type LimitSection, number } from '../../../core/schema/reference/limit.ts';

const REFUSED = 'a problem of the file; its last good version stays in force';

export const rules: LimitSection = {
  title: 'Rules',
  limits: [
    { name: 'rules_file', of: 'Size of a rules file', most: bytes(MAX_FILE_BYTES), beyond: REFUSED, counted: 'reload' },
    {
      name: 'rules_tokens',
      of: 'Tokens of YAML in a rules file, some 50 a rule',
      most: number(MAX_TOKENS),
      beyond: REFUSED,
      counted: 'reload',
    },
    { name: 'rules_depth', of: 'Nesting in a rules file', most: number(MAX_DEPTH), beyond: REFUSED, counted: 'reload' },
    {
      name: 'rules_aliases',
      of: 'Values that come from aliases in a rules file',
      most: number(MAX_ALIASED),
      beyond: REFUSED,
      counted: 'reload',
    },
    {
      name: 'rules_files',
      of: 'Files of a rules directory',
      most: number(MAX_FILES),
      beyond: 'the rules do not load',
      counted: 'reload',
    },
    {
      name: 'rules_folders',
      of: 'Nesting of folders in a rules directory',
      most: number(MAX_FOLDER_DEPTH),
      beyond: 'a problem of the directory; the rules in force stay',
      counted: 'reload',
    },
    {
      name: 'secret_bytes',
      of: 'File of a secret reference',
      most: bytes(MAX_SECRET_BYTES),
      beyond: REFUSED,
      counted: 'reload',
    },
    {
      name: 'expression_length',
      of: 'Characters of an `if:`',
      most: number(MAX_LENGTH),
      beyond: REFUSED,
      counted: 'reload',
    },
    {
      name: 'expression_macros',
      of: 'Macros inside each other in an `if:`',
      most: number(MAX_MACRO_DEPTH),
      beyond: REFUSED,
      counted: 'reload',
    },
    {
      name: 'expression_list',
      of: 'Elements of a list or map of an event to which an `if:` applies macros',
      most: `${number(MAX_LIST[1])}; ${number(MAX_LIST[2])} with macros inside each other`,
      beyond: 'the rule has the outcome `error` for this event',
      counted: 'rule error',
    },
    {
      name: 'template_source',
      of: 'Characters of a template',
      most: number(MAX_SOURCE_LENGTH),
      beyond: REFUSED,
      counted: 'reload',
    },
    {
      name: 'template_steps',
      of: 'Texts, outputs and tags that one render processes, loops included',
      most: number(MAX_STEPS),
      beyond: 'the message shows the output so far, and says so',
      counted: 'rule error',
    },
    {
      name: 'template_memory',
      of: 'Characters and elements that one render processes',
      most: number(MAX_MEMORY),
      beyond: 'the message shows the output so far, and says so',
      counted: 'rule error',
    },
    {
      name: 'rule_tests',
      of: 'Rule tests that the daemon runs',
      most: number(MAX_TESTS),
      beyond: 'a problem `test.too_many`; `belfry test` runs all',
    },
    {
      name: 'rule_tests_time',
      of: 'Time of the rule tests in the daemon',
      most: formatDuration(TIMEOUT_MS),
      beyond: '503 `rules.tests_unfinished`; `belfry test` has no such limit',
    },
    {
      name: 'rule_tests_memory',
      of: 'Memory of the rule tests in the daemon',
      most: `${MAX_HEAP_MB} MB`,
      beyond: '503 `rules.tests_unfinished`; `belfry test` has no such limit',
    },
  ],
};
