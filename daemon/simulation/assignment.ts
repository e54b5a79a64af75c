/**
 * Assigns a different column to each row so that the sum of the costs is minimal (Hungarian algorithm); returns the column of
 * each row. Needs at least as many columns as rows. https://en.wikipedia.org/wiki/Hungarian_algorithm
 */
export function minimalAssignment(costs: readonly (readonly number[])[]): readonly number[] {
  const width = costs[0]?.length ?? 0;
  const potentials: Potentials = { row: costs.map(() => 0), column: Array.from({ length: width }, () => 0) };
  const rowOf: (number | undefined)[] = Array.from({ length: width }, () => undefined);
  for (let row = 0; row < costs.length; row += 1) augment(row, costs, potentials, rowOf);
  const chosen = costs.map(() => -1);
  for (const [column, row] of rowOf.entries()) if (row !== undefined) chosen[row] = column;
  return chosen;
}

/** Potentials of rows and columns. A pair may be assigned when its potentials add up to its cost. */
interface Potentials {
  readonly row: number[];
  readonly column: number[];
}

/** Adds a row along the cheapest augmenting path: each row on it moves to another column and the last one takes a free column. */
function augment(
  first: number,
  costs: readonly (readonly number[])[],
  potentials: Potentials,
  rowOf: (number | undefined)[],
): void {
  const excess = rowOf.map(() => Number.POSITIVE_INFINITY);
  const cameFrom: (number | undefined)[] = rowOf.map(() => undefined);
  const settled = new Set<number>();
  let at: number | undefined;
  for (;;) {
    const row = at === undefined ? first : rowOf[at];
    if (row === undefined) break;
    const next = nearest(row, at);
    for (const column of settled) {
      potentials.row[rowOf[column]!]! += next.by;
      potentials.column[column]! -= next.by;
    }
    potentials.row[first]! += next.by;
    for (const column of excess.keys()) if (!settled.has(column)) excess[column]! -= next.by;
    at = next.column;
    settled.add(at);
  }
  for (let column = at; column !== undefined; column = cameFrom[column]) {
    const before = cameFrom[column];
    rowOf[column] = before === undefined ? first : rowOf[before];
  }

  function nearest(row: number, from: number | undefined): { column: number; by: number } {
    let best = { column: -1, by: Number.POSITIVE_INFINITY };
    for (const column of excess.keys()) {
      if (settled.has(column)) continue;
      const more = costs[row]![column]! - potentials.row[row]! - potentials.column[column]!;
      if (more < excess[column]!) {
        excess[column] = more;
        cameFrom[column] = from;
      }
      if (excess[column]! < best.by) best = { column, by: excess[column]! };
    }
    return best;
  }
}
