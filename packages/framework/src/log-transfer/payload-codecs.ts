import { createCodec, parseSchema, type Codec } from "@tidemark/schema-registry/avro";
import type { EventSchema } from "../event/event-schema.ts";

/** Codecs of payloads, each made once. */
export class PayloadCodecs {
  readonly #codecs = new Map<string, Codec<unknown>>();

  /** @throws AvroSchemaError when the text is no schema. */
  of({ sha256, text }: EventSchema): Codec<unknown> {
    const codec = this.#codecs.get(sha256) ?? createCodec(parseSchema(text));
    this.#codecs.set(sha256, codec);
    return codec;
  }
}
