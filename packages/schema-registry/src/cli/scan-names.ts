/** The names of types that a schema's JSON defines, and those that it uses. */
export interface ScannedNames {
  readonly defined: ReadonlySet<string>;
  readonly used: ReadonlySet<string>;
}

const words = new Set(
  "null boolean int long float double bytes string record error enum fixed array map".split(" "),
);

/** Looks for names only: what is not valid is left to the parser, which comes after. */
export function scanNames(json: unknown): ScannedNames {
  const defined = new Set<string>();
  const used = new Set<string>();

  function visit(node: unknown, namespace: string): void {
    if (typeof node === "string") {
      if (!words.has(node)) used.add(fullName(node, namespace));
    } else if (Array.isArray(node)) {
      for (const branch of node) visit(branch, namespace);
    } else if (typeof node === "object" && node !== null) {
      visitObject(new Map<string, unknown>(Object.entries(node)), namespace);
    }
  }

  function visitObject(node: ReadonlyMap<string, unknown>, outer: string): void {
    const type = node.get("type");
    const name = node.get("name");
    const own = node.get("namespace");
    let namespace = typeof own === "string" ? own : outer;
    if (typeof name === "string" && ["record", "error", "enum", "fixed"].includes(String(type))) {
      const full = fullName(name, namespace);
      defined.add(full);
      namespace = full.slice(0, Math.max(full.lastIndexOf("."), 0));
    } else {
      visit(type, namespace);
    }
    const fields = node.get("fields");
    if (Array.isArray(fields)) {
      for (const field of fields) {
        if (typeof field === "object" && field !== null) visit(Reflect.get(field, "type"), namespace);
      }
    }
    for (const part of ["items", "values"]) if (node.has(part)) visit(node.get(part), namespace);
  }

  visit(json, "");
  return { defined, used };
}

function fullName(name: string, namespace: string): string {
  return name.includes(".") || namespace === "" ? name : `${namespace}.${name}`;
}
