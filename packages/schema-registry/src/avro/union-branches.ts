import type { SchemaNode, UnionNode } from "./parsed-schema.ts";

/** The name of a branch in Avro's JSON encoding: a full name, or the word of an unnamed type. */
export function branchName(branch: SchemaNode): string {
  return "name" in branch ? branch.name : branch.kind;
}

/** With two or more branches besides null a value says which one it is of: `{ [branch name]: value }`. */
export function isWrapped({ branches }: UnionNode): boolean {
  const others = branches.length > 2 || branches.every((branch) => branch.kind !== "null");
  return branches.length > 1 && others;
}
