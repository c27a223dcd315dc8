/** Schemas that are as much work as 256 KiB can be: each pair is an old and a new version of one subject. */
export interface HostileSchema {
  readonly name: string;
  readonly older: string;
  readonly newer: string;
}

// What a default limit lets in.
const budget = 255 * 1_024;

/** As many parts as fit. */
function fill(part: (index: number) => object): object[] {
  const parts: object[] = [];
  let size = 100;
  for (let index = 0; ; index += 1) {
    const next = part(index);
    size += JSON.stringify(next).length + 1;
    if (size > budget) return parts;
    parts.push(next);
  }
}

function record(name: string, fields: readonly object[]): string {
  return JSON.stringify({ type: "record", name, fields });
}

function pair(name: string, make: (prefix: string, type: string) => string): HostileSchema {
  return { name, older: make("A", "int"), newer: make("B", "string") };
}

export const hostileSchemas: readonly HostileSchema[] = [
  pair("a record of as many fields as fit", (prefix, type) =>
    record(
      "Wide",
      fill((index) => ({ name: `${prefix}${index}`, type })),
    ),
  ),
  pair("fields whose aliases cross", (prefix, type) =>
    record(
      "Aliased",
      fill((index) => ({ name: `${prefix}${index}`, type, aliases: [`A${index + 1}`, `B${index + 2}`] })),
    ),
  ),
  pair("a union of records under other names", (prefix, type) =>
    JSON.stringify(
      fill((index) => ({ type: "record", name: `${prefix}${index}`, fields: [{ name: "a", type }] })),
    ),
  ),
  pair("a union of enums under other names", (prefix) =>
    JSON.stringify(fill((index) => ({ type: "enum", name: `${prefix}${index}`, symbols: [prefix] }))),
  ),
  pair("an enum of as many symbols as fit", (prefix) => {
    const symbols: string[] = [];
    for (let index = 0, size = 100; size < budget; index += 1) {
      symbols.push(`${prefix}${index}`);
      size += `"${prefix}${index}",`.length;
    }
    return JSON.stringify({ type: "enum", name: "Large", symbols });
  }),
  pair("records that all use each other", (prefix, type) => {
    const fields = fill((index) => ({
      name: `r${index}`,
      type: {
        type: "record",
        name: `${prefix}${index}`,
        fields: [
          { name: "x", type },
          ...Array.from({ length: Math.min(index, 30) }, (_, used) => ({
            name: `f${used}`,
            type: ["null", `${prefix}${index - used - 1}`],
          })),
        ],
      },
    }));
    return record("Top", fields);
  }),
  pair("defaults of defaults", (prefix) =>
    record(
      "Nested",
      fill((index) => ({
        name: `r${index}`,
        type: {
          type: "record",
          name: `${prefix}${index}`,
          fields:
            index === 0
              ? [{ name: "x", type: "int", default: 1 }]
              : ["a", "b"].map((name) => ({ name, type: `${prefix}${index - 1}`, default: {} })),
        },
      })),
    ),
  ),
  pair("a default with as many members as fit", (prefix) => {
    const members = fill((index) => ({ [`${prefix}${index}`]: index }));
    const type = { type: "map", values: "long" };
    return record("Filled", [{ name: "m", type, default: Object.assign({}, ...members) }]);
  }),
  pair("as many custom properties as fit", (prefix) =>
    JSON.stringify({
      type: "record",
      name: "Annotated",
      fields: [],
      ...Object.assign({}, ...fill((index) => ({ [`${prefix}${index}`]: index }))),
    }),
  ),
  pair("a doc of escapes", (prefix) =>
    JSON.stringify({ type: "record", name: "Doc", doc: `${prefix}${"\u0001".repeat(40_000)}`, fields: [] }),
  ),
  pair(
    "a number of 250,000 digits",
    (prefix) =>
      `{"type":"record","name":"Number","fields":[{"name":"${prefix}","type":"double","default":${"9".repeat(250_000)}}]}`,
  ),
  pair("uses before definitions, nested", (prefix) =>
    record(
      "Forward",
      Array.from({ length: 90 }, (_, index) => ({
        name: `f${index}`,
        type: {
          type: "record",
          name: `${prefix}${index}`,
          fields: [{ name: "a", type: index === 89 ? "int" : `${prefix}${index + 1}` }],
        },
      })),
    ),
  ),
];
