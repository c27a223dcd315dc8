import type { AvroSchema } from "@tidemark/schema-registry/avro";
import avsc from "avsc";

const longs = avsc.types.LongType.__with({
  fromBuffer: (buffer: Buffer) => buffer.readBigInt64LE(),
  toBuffer: (value: bigint) => {
    const buffer = Buffer.alloc(8);
    buffer.writeBigInt64LE(value);
    return buffer;
  },
  fromJSON: BigInt,
  toJSON: Number,
  isValid: (value: unknown) => typeof value === "bigint",
  compare: (a: bigint, b: bigint) => (a < b ? -1 : a > b ? 1 : 0),
});

/** The same schema in avsc, with longs as bigint and every union wrapped. */
export function avscType(schema: AvroSchema): avsc.Type {
  return avsc.Type.forSchema(JSON.parse(JSON.stringify(schema)), {
    registry: { long: longs },
    wrapUnions: true,
  });
}
