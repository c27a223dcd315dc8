import type { DefinitionNode, MapNode, NamedNode } from "./parsed-schema.ts";

/**
 * The names that types have towards avsc. They are made up: two schemas never clash, and no name of a user meets
 * what avsc keeps in plain objects or writes into generated code.
 */
export type AvscNames = (node: NamedNode | MapNode) => string;

export function avscNames(): AvscNames {
  const names = new Map<object, string>();
  return (node) => {
    const name = names.get(node) ?? `T${names.size}`;
    names.set(node, name);
    return name;
  };
}

/** The name of a record's field, or of an enum's symbol, towards avsc. */
export function avscMember(index: number): string {
  return `m${index}`;
}

/** The key under which avsc wraps a value of a union's branch. */
export function avscBranch(names: AvscNames, node: DefinitionNode): string {
  return "name" in node || node.kind === "map" ? names(node) : node.kind;
}
