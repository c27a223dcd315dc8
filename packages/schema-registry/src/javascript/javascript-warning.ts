/** Something that is legal Avro and that clients in JavaScript, which read schemas with avsc, cannot do. Never a refusal. */
export interface JavaScriptWarning {
  readonly rule:
    | "empty-union"
    | "empty-enum"
    | "default-of-later-branch"
    | "default-not-read"
    | "name-not-usable"
    | "namespace-moved";
  /** JSON pointer into the schema's canonical text. */
  readonly path: string;
  /** What such a client cannot do, and why. */
  readonly message: string;
  /** What helps. */
  readonly hint: string;
  /** The earlier version that it is about. */
  readonly version?: number;
  /** `backward`: the schema cannot read that version; `forward`: that version cannot read the schema. */
  readonly direction?: "backward" | "forward";
}
