import type { SchemaReference } from "../registry/schema-reference.ts";

interface Referring {
  readonly subject: string;
  readonly version: number;
  readonly references: readonly SchemaReference[];
}

/** The same versions, each after those among them that its schema refers to. */
export function inReferenceOrder<T extends Referring>(versions: readonly T[]): readonly T[] {
  const byKey = new Map(versions.map((version) => [keyOf(version), version]));
  const ordered = new Set<T>();
  const opened = new Set<T>();
  // A stack of its own: chains of references may be longer than the call stack.
  const pending = versions.toReversed();
  for (let top = pending.at(-1); top !== undefined; top = pending.at(-1)) {
    const open =
      ordered.has(top) || opened.has(top)
        ? []
        : top.references
            .map((reference) => byKey.get(keyOf(reference)))
            .filter((target) => target !== undefined && !ordered.has(target) && !opened.has(target));
    opened.add(top);
    if (open.length === 0) {
      ordered.add(top);
      pending.pop();
    } else {
      pending.push(...open.filter((target) => target !== undefined));
    }
  }
  return [...ordered];
}

function keyOf({ subject, version }: { readonly subject: string; readonly version: number }): string {
  return `${version} ${subject}`;
}
