import type { LogReader } from "./log-reader.ts";

/**
 * The head of the log, and for each position the age in seconds of the first event behind it, by the database's clock:
 * one look into an index for each.
 */
export async function readAges(
  { connections, schema }: LogReader,
  positions: readonly bigint[],
): Promise<{ readonly head: bigint; readonly ages: readonly number[] }> {
  const rows = await connections.query<[head: string, age: string | null]>({
    name: "tidemark_ages",
    // The first row is there for the head when there are no positions.
    text: `select coalesce((select position from ${schema}.events order by position desc limit 1), 0), extract(epoch from
          clock_timestamp() - (select e.recorded_at from ${schema}.events e where e.position > p.position
            order by e.position limit 1))::float8
        from unnest(array[0]::bigint[] || $1::bigint[]) with ordinality p(position, place) order by p.place`,
    values: [positions.map(String)],
  });
  const [first, ...ages] = rows;
  return {
    head: BigInt(first?.[0] ?? 0),
    ages: ages.map(([, age]) => Math.max(0, Number(age ?? 0))),
  };
}
