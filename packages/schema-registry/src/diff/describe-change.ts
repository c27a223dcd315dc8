import type { SchemaChange } from "./schema-change.ts";

/** A change as one line for people. */
export function describeChange(change: SchemaChange): string {
  const { element, name, before, after } = change;
  const where = [change.type, change.field].filter(Boolean).join(".");
  const what =
    element === "attribute"
      ? `${name} of ${where === "" ? "the schema" : where}`
      : element === "type"
        ? `type ${name}`
        : element === "field"
          ? `field ${[change.type, name].filter(Boolean).join(".")}`
          : `${element} ${name} of ${where === "" ? "the schema" : where}`;
  switch (change.change) {
    case "added":
      return `${what} added${element === "symbol" || element === "branch" ? "" : `: ${shown(after)}`}`;
    case "removed":
      return `${what} removed${element === "symbol" || element === "branch" ? "" : `: ${shown(before)}`}`;
    case "renamed":
      return `${what} renamed from ${shown(before)}`;
    case "changed":
      return `${what} changed: ${shown(before)} -> ${shown(after)}`;
  }
}

const longestText = 120;

function shown(text = ""): string {
  return text.length > longestText ? `${text.slice(0, longestText)}...` : text;
}
