import { canonicalText } from "../avro/canonical-text.ts";
import type { ParsedSchema } from "../avro/parsed-schema.ts";
import {
  checkLevel,
  type CompatibilityLevel,
  type SchemaVersion,
} from "../compatibility/compatibility-level.ts";
import { loadingWarnings } from "../javascript/loading-warnings.ts";
import { resolvingWarnings } from "../javascript/resolving-warnings.ts";
import { parseLevel } from "../registry/level-name.ts";
import type { RefusalReason } from "../registry/schema-refusal.ts";
import type { CommandContext } from "./command-context.ts";
import type { Declarations, DeclaredSchema } from "./declared-schema.ts";
import { reviewSchema } from "./review-schema.ts";
import { createSchemaReader, type SchemaReader } from "./subject-history.ts";

/** What a registry would say to a schema. */
export interface SchemaVerdict {
  readonly subject: string;
  readonly source: string;
  /** `new`: the subject has no version; `unchanged`: it has this one. */
  readonly status: "new" | "unchanged" | "compatible" | "refused" | "invalid";
  /** What applies, or would once it is pushed. */
  readonly level: CompatibilityLevel | null;
  /** The version that is there already, of an unchanged one. */
  readonly version: number | null;
  /** Live versions of the subject. */
  readonly versions: number;
  readonly reasons: readonly RefusalReason[];
  /** Why an invalid one is no schema. */
  readonly message: string | null;
  readonly warnings: readonly SchemaWarning[];
}

interface SchemaWarning {
  readonly rule: string;
  readonly path: string;
  readonly message: string;
  readonly hint: string;
  readonly version?: number;
  readonly direction?: "backward" | "forward";
}

/** How many subjects are looked up at a time. */
const concurrency = 4;

const comparedForJavaScript = 20;

/**
 * Holds declared schemas against the registry, without changing anything there: with the level of their subjects, or
 * with the one that publishing them sets.
 */
export async function checkSchemas(
  { schemas, invalid }: Declarations,
  { client, operator, output, signal }: CommandContext,
): Promise<readonly SchemaVerdict[]> {
  const reader = createSchemaReader(client, operator, signal);
  const globalLevel = (await operator.getLevel(null, { signal })) ?? "BACKWARD";
  const verdicts = new Map<DeclaredSchema, SchemaVerdict>();
  const queue = schemas.values();

  async function work(): Promise<void> {
    for (const declared of queue) {
      const level =
        (await client.getCompatibility(declared.subject, { signal })) ?? declared.level ?? globalLevel;
      verdicts.set(declared, await checkSchema(declared, level, reader));
      output.progress(`checked ${verdicts.size} of ${schemas.length} schemas`);
    }
  }

  await Promise.all(Array.from({ length: concurrency }, work));
  output.progressDone();
  return [
    ...schemas.flatMap((declared) => verdicts.get(declared) ?? []),
    ...invalid.map(({ subject, source, message }) => ({
      subject,
      source,
      status: "invalid" as const,
      level: null,
      version: null,
      versions: 0,
      reasons: [],
      message,
      warnings: [],
    })),
  ];
}

async function checkSchema(
  { subject, source, parsed }: DeclaredSchema,
  level: CompatibilityLevel,
  reader: SchemaReader,
): Promise<SchemaVerdict> {
  const history = await reader.history(subject);
  const text = wholeText(parsed);
  const same = history.findLast(({ schema }) => wholeText(schema) === text);
  const earlier = same === undefined ? history : history.filter(({ version }) => version < same.version);
  const reasons = same === undefined ? findReasons(level, parsed, history) : [];
  return {
    subject,
    source,
    status:
      same !== undefined
        ? "unchanged"
        : reasons.length > 0
          ? "refused"
          : history.length === 0
            ? "new"
            : "compatible",
    level,
    version: same?.version ?? null,
    versions: history.length,
    reasons,
    message: null,
    warnings: [
      ...loadingWarnings(parsed),
      ...resolvingWarnings(parsed, earlier.slice(-comparedForJavaScript)),
      ...reviewSchema(parsed),
    ],
  };
}

/** A registry stops at the first direction that does not hold; whoever corrects a schema wants to know both. */
function findReasons(
  level: CompatibilityLevel,
  next: ParsedSchema,
  history: readonly SchemaVersion[],
): readonly RefusalReason[] {
  const directions = level.startsWith("FULL")
    ? ["BACKWARD", "FORWARD"].map((direction) => parseLevel(level.replace("FULL", direction)))
    : [level];
  return directions.flatMap((direction) => {
    const violation = checkLevel(direction, next, history);
    if (violation === null) return [];
    const { incompatibilities, ...where } = violation;
    return incompatibilities.map((reason) => ({ ...reason, ...where }));
  });
}

/** With the types of references written out: how a schema refers to others is not what its data is. */
function wholeText(schema: ParsedSchema): string {
  return canonicalText({ ...schema, external: new Set() });
}
