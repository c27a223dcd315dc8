import avsc from "avsc";

const eightBytes = Buffer.alloc(8);

/** Avro's long as bigint: avsc packs the eight bytes at once, so they can be the same ones each time. */
export const bigintLong = avsc.types.LongType.__with({
  toBuffer(value: bigint): Buffer {
    eightBytes.writeBigInt64LE(value);
    return eightBytes;
  },
  fromBuffer: (bytes: Buffer): bigint => bytes.readBigInt64LE(),
  fromJSON: BigInt,
  toJSON: String,
  isValid: (value: unknown): boolean => typeof value === "bigint",
  compare: (one: bigint, other: bigint): number => (one < other ? -1 : one > other ? 1 : 0),
});
