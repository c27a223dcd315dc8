import type { FieldError } from "./problem-document.ts";

// NUL cannot be stored in a PostgreSQL text, and a lone surrogate has no UTF-8 form: it would come back changed.
const unstorable = /\0|\p{Surrogate}/u;

/** Every string (also keys) of a request part that no text column could hold unchanged. */
export function findUnstorableText(part: unknown, name: string): readonly FieldError[] {
  const found: FieldError[] = [];
  // A stack of its own: a hostile body nests deeper than the call stack.
  const pending: { value: unknown; path: string }[] = [{ value: part, path: name }];
  for (let next = pending.pop(); next; next = pending.pop()) {
    const { value, path } = next;
    if (typeof value === "string") {
      if (unstorable.test(value)) found.push(unstorableField(path));
    } else if (Array.isArray(value)) {
      value.forEach((item: unknown, index) => pending.push({ value: item, path: join(path, String(index)) }));
    } else if (typeof value === "object" && value !== null && !Buffer.isBuffer(value)) {
      for (const [key, item] of Object.entries(value)) {
        if (unstorable.test(key)) found.push(unstorableField(path || "body"));
        else pending.push({ value: item, path: join(path, key) });
      }
    }
  }
  return found;
}

function join(path: string, segment: string): string {
  return path === "" ? segment : `${path}.${segment}`;
}

function unstorableField(field: string): FieldError {
  return {
    field: field || "body",
    rule: "storable_text",
    message: "holds a NUL or half of a surrogate pair, which cannot be stored; remove it",
  };
}
