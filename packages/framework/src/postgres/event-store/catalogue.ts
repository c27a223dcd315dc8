import type { EventSchema } from "../../event/event-schema.ts";
import type { ReadConnections } from "./read-connections.ts";

/**
 * The store's numbers for event types and schemas, in both directions. Rows of the two tables never change, so what is
 * known stays true while a connection lasts; what is not known is read again. Behind a new connection there may be
 * another server, a restored backup or a replica that lost its last transactions, which gives the newest numbers to
 * other names: then everything is read again, or events would be stored and read as what they are not.
 */
export class Catalogue {
  readonly #connections: ReadConnections;
  readonly #schema: string;
  readonly #typeNos = new Map<string, number>();
  readonly #typeNames = new Map<number, string>();
  readonly #schemaNos = new Map<string, number>();
  readonly #schemas = new Map<number, EventSchema>();
  #generation = 0;

  /** @param schema the quoted database schema */
  constructor(connections: ReadConnections, schema: string) {
    this.#connections = connections;
    this.#schema = schema;
  }

  /** Changes when everything was forgotten: numbers that were looked up before are worth nothing. */
  get generation(): number {
    return this.#generation;
  }

  forget(): void {
    this.#generation += 1;
    for (const known of [this.#typeNos, this.#typeNames, this.#schemaNos, this.#schemas]) known.clear();
  }

  typeNo(name: string): number | undefined {
    return this.#typeNos.get(name);
  }

  typeName(typeNo: number): string | undefined {
    return this.#typeNames.get(typeNo);
  }

  schemaNo(sha256: string): number | undefined {
    return this.#schemaNos.get(sha256);
  }

  schema(schemaNo: number): EventSchema | undefined {
    return this.#schemas.get(schemaNo);
  }

  /** In the order in which they were first used. */
  schemas(): readonly EventSchema[] {
    return [...this.#schemas.values()];
  }

  /** Reads what was added since the last time; an event's numbers are committed with the event. */
  async refresh(signal?: AbortSignal): Promise<void> {
    const generation = this.#generation;
    const types = await this.#connections.query<[typeNo: string, name: string]>(
      {
        text: `select type_no, name from ${this.#schema}.event_types where type_no > $1 order by type_no`,
        values: [this.#typeNames.size],
      },
      signal,
    );
    const schemas = await this.#connections.query<
      [schemaNo: string, sha256: string, text: string, subject: string, version: string]
    >(
      {
        text: `select schema_no, encode(sha256, 'hex'), text, subject, version
               from ${this.#schema}.event_schemas where schema_no > $1 order by schema_no`,
        values: [this.#schemas.size],
      },
      signal,
    );
    if (generation !== this.#generation) return this.refresh(signal);
    for (const [typeNo, name] of types) {
      this.#typeNames.set(Number(typeNo), name);
      this.#typeNos.set(name, Number(typeNo));
    }
    for (const [schemaNo, sha256, text, subject, version] of schemas) {
      this.#schemas.set(Number(schemaNo), { sha256, text, subject, version: Number(version) });
      this.#schemaNos.set(sha256, Number(schemaNo));
    }
  }
}
