/** One difference between an earlier and a later schema. */
export interface SchemaChange {
  readonly change: "added" | "removed" | "changed" | "renamed";
  /** `type` is a record, enum or fixed; an `attribute` is anything said about a type or field, such as `default`. */
  readonly element: "type" | "field" | "symbol" | "branch" | "attribute";
  /** Full name of the record, enum or fixed that changes or holds the change; empty outside of those. */
  readonly type: string;
  /** The field whose type or attribute changes. */
  readonly field?: string;
  /** Of the type, field, symbol, branch or attribute. */
  readonly name: string;
  /**
   * JSON pointer into the canonical text of the later schema; for what was removed, into that of the earlier one.
   * Within a type of a reference it is that type's name, `#` and the pointer from there.
   */
  readonly path: string;
  /** What stood there, as canonical text; absent for what was added. */
  readonly before?: string;
  /** What stands there now; absent for what was removed. */
  readonly after?: string;
}
