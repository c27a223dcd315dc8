import { splitStreamId } from "../event-store/stream-id.ts";
import { TidemarkError } from "../errors.ts";

/** Whose stream it is, and its name there. */
export interface StreamName {
  readonly tenant: string;
  readonly streamId: string;
}

const namespaceForm = /^[a-z][a-z0-9_]{0,62}$/;

/**
 * The names of Tidemark's streams on a server.
 *
 * | stream                                       | name on the server         |
 * | -------------------------------------------- | -------------------------- |
 * | `account-1`                                  | `account-1`                |
 * | `account-1` of the tenant `acme`             | `@acme@account-1`          |
 * | the same in the namespace `shop`             | `@shop/acme@account-1`     |
 * | of no tenant, in the namespace `shop`        | `@shop/@account-1`         |
 * | a name that begins with `@` or `tidemark`    | `@@` before it             |
 * | the store's own                              | `tidemark.store`, `tidemark.schemas`, `tidemark.key-<sha256>` |
 *
 * In a tenant `%`, `@`, `/` and `-` are percent-encoded, so no two streams share a name and the server's
 * `$by_category` still sees `@acme@account`. In a namespace the store's own streams begin with `tidemark/shop.`.
 */
export class StreamNames {
  /** Before the store's own streams. */
  readonly reserved: string;
  readonly #namespace: string;

  /** @throws TidemarkError `definition-invalid` */
  constructor(namespace: string) {
    if (namespace !== "" && !namespaceForm.test(namespace)) {
      throw new TidemarkError(
        "definition-invalid",
        `The namespace ${JSON.stringify(namespace)} must be lower-case letters, digits and _, from a letter on, at most 63.`,
      );
    }
    this.#namespace = namespace === "" ? "" : `${namespace}/`;
    this.reserved = namespace === "" ? "tidemark." : `tidemark/${namespace}.`;
  }

  of(tenant: string, streamId: string): string {
    const bare = tenant === "" && this.#namespace === "" && !isMarked(streamId);
    return bare ? streamId : this.#prefix(tenant) + streamId;
  }

  /** `null` for a stream of the server, of another application or namespace, and for the store's own. */
  parse(name: string): StreamName | null {
    if (!isMarked(name)) {
      const own = this.#namespace === "" && !name.startsWith("$") && name.indexOf("-") > 0;
      return own ? { tenant: "", streamId: name } : null;
    }
    if (!name.startsWith(`@${this.#namespace}`)) return null;
    const end = name.indexOf("@", 1);
    const tenant = name.slice(this.#namespace.length + 1, end);
    if (end < 0 || tenant.includes("/")) return null;
    try {
      return { tenant: decodeURIComponent(tenant), streamId: name.slice(end + 1) };
    } catch {
      return null;
    }
  }

  /** A regular expression for the streams of a tenant, or of some of its categories. */
  pattern(tenant: string, categories?: readonly string[]): string {
    if (categories !== undefined) {
      const prefixes = categories.map((category) => quote(this.of(tenant, `${category}-`)));
      return `^(${prefixes.join("|")})`;
    }
    const prefix = `^${quote(this.#prefix(tenant))}`;
    return tenant === "" && this.#namespace === "" ? `^(?!\\$|@[^@]|tidemark[./])` : prefix;
  }

  #prefix(tenant: string): string {
    const encoded = tenant.replaceAll(/[%@/-]/g, (character) => `%${character.charCodeAt(0).toString(16)}`);
    return `@${this.#namespace}${encoded}@`;
  }
}

/** For a regular expression of .NET or JavaScript. */
export function quote(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`);
}

export function categoryOf(streamId: string): string {
  return splitStreamId(streamId).category;
}

/** Names that the bare form cannot have: they would be read as another tenant's or the store's own. */
function isMarked(name: string): boolean {
  return name.startsWith("@") || name.startsWith("tidemark.") || name.startsWith("tidemark/");
}
