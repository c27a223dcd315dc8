import { AvroSchemaError } from "./avro-schema-error.ts";
import type { Difference } from "./difference.ts";
import {
  compareTypes,
  compatible,
  definition,
  type Differences,
  type Pair,
  type PairComparison,
  type SchemaPair,
} from "./compare-types.ts";
import type { DefinitionNode, ParsedSchema, SchemaNode } from "./parsed-schema.ts";

/** The differences of two schemas, and the verdict for single types of them. */
export interface Comparison {
  readonly differences: readonly Difference[];
  readonly isReadable: (reader: SchemaNode, writer: SchemaNode) => boolean;
}

/**
 * Compares what a writer writes with what a reader can read. Verdict, kinds and paths are those of Apache Avro's
 * `SchemaCompatibility`: names count without namespace, aliases of the reader count, logical types do not. Each
 * difference is listed once, at most 100 of them.
 *
 * Throws {@link AvroSchemaError} (rule `too-complex`) for schemas whose comparison has no sensible end.
 */
export function compareSchemas(reader: ParsedSchema, writer: ParsedSchema): Comparison {
  const check: Check = { reader, writer, results: new Map(), comparisons: 0 };
  const root = { pointer: "", label: "" };
  const differences = run(check, { reader: reader.root, writer: writer.root, place: root });
  return {
    differences: [...differences],
    isReadable: (readerNode, writerNode) =>
      run(check, { reader: readerNode, writer: writerNode, place: root }).size === 0,
  };
}

/**
 * The differences of {@link compareSchemas}, found in turns: `pause` is awaited between the comparisons of two types,
 * so that a hostile pair of schemas, which may take seconds, does not hold up everything else.
 */
export async function compareSchemasInTurns(
  reader: ParsedSchema,
  writer: ParsedSchema,
  pause: () => Promise<void>,
): Promise<readonly Difference[]> {
  const check: Check = { reader, writer, results: new Map(), comparisons: 0 };
  const steps = compareStepwise(check, {
    reader: reader.root,
    writer: writer.root,
    place: { pointer: "", label: "" },
  });
  for (let step = steps.next(); ; step = steps.next()) {
    if (step.done === true) return [...step.value];
    if (check.comparisons % comparisonsInOneTurn === 0) await pause();
  }
}

// One comparison with a large union takes about a millisecond.
const comparisonsInOneTurn = 8;

const maxComparisons = 200_000;

interface Check extends SchemaPair {
  readonly results: Map<DefinitionNode, Map<DefinitionNode, Differences>>;
  comparisons: number;
}

function run(check: Check, root: Pair): Differences {
  const steps = compareStepwise(check, root);
  for (let step = steps.next(); ; step = steps.next()) if (step.done === true) return step.value;
}

/**
 * Runs comparisons on a stack of its own, since two recursive schemas can pair up in chains far deeper than the call
 * stack; yields after each.
 */
function* compareStepwise(check: Check, root: Pair): Generator<undefined, Differences> {
  const stack: { readonly comparison: PairComparison; readonly finish: (reasons: Differences) => void }[] =
    [];
  let pair: Pair | undefined = root;
  let reasons: Differences = compatible;
  for (;;) {
    if (pair !== undefined) {
      const reader = definition(check.reader, pair.reader);
      const writer = definition(check.writer, pair.writer);
      const results: Map<DefinitionNode, Differences> = check.results.get(reader) ?? new Map();
      check.results.set(reader, results);
      const known = results.get(writer);
      if (known === undefined) {
        // Until it is known better, a pair that is being compared counts as compatible: this ends recursion.
        results.set(writer, compatible);
        countComparison(check);
        yield;
        stack.push({
          comparison: compareTypes(check, reader, writer, pair.place),
          finish: (found) => results.set(writer, found),
        });
        reasons = compatible;
      } else {
        reasons = known;
      }
    }
    const top = stack.at(-1);
    if (top === undefined) return reasons;
    const step = top.comparison.next(reasons);
    if (step.done === true) {
      reasons = step.value;
      top.finish(reasons);
      stack.pop();
      pair = undefined;
    } else {
      pair = step.value;
    }
  }
}

function countComparison(check: Check): void {
  check.comparisons += 1;
  if (check.comparisons <= maxComparisons) return;
  throw new AvroSchemaError({
    path: "",
    rule: "too-complex",
    message: `Comparing the two schemas takes more than ${maxComparisons} steps; make them smaller`,
  });
}
