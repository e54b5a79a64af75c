/** SQL: records of an array in the argument `p` of a function, as rows `r`. */
export const records = (array: string, columns: string): string => `json_to_recordset(p->'${array}') r(${columns})`;

/** SQL: a JSON array as text with one more element. */
export const appended = (list: string, element: string): string =>
  `CASE WHEN ${element} IS NULL THEN ${list} WHEN ${list} = '[]' THEN '[' || ${element} || ']'
    ELSE left(${list}, -1) || ',' || ${element} || ']' END`;
