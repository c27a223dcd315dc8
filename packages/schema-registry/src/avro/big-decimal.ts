import avsc from "avsc";
import { ByteCursor } from "./byte-cursor.ts";
import { maxScale, requireDecimal } from "./decimal-bytes.ts";
import type { Decimal } from "./decimal.ts";
import { bigintFromBytes, bytesFromBigint } from "./signed-bytes.ts";
import { ValueFault } from "./value-fault.ts";

/** What `big-decimal` of Avro 1.12 puts into its bytes. */
const content = avsc.Type.forSchema({
  type: "record",
  name: "BigDecimal",
  fields: [
    { name: "unscaled", type: "bytes" },
    { name: "scale", type: "int" },
  ],
});

export function bytesFromBigDecimal(value: unknown): Buffer {
  const { unscaled, scale } = requireDecimal(value);
  return content.toBuffer({ unscaled: bytesFromBigint(unscaled), scale });
}

/** A decimal with the scale that it carries: 0 or more here, although Java also writes negative ones. */
export function bigDecimalFromBytes(bytes: Buffer): Decimal {
  const cursor = new ByteCursor(bytes);
  cursor.skipBytes();
  cursor.readInt();
  cursor.requireEnd();
  const { unscaled: unscaledBytes, scale } = content.fromBuffer(bytes);
  if (Math.abs(scale) > maxScale) throw new ValueFault(`a scale of at most ${maxScale}`, `${scale}`);
  const unscaled = bigintFromBytes(unscaledBytes);
  return scale < 0 ? { unscaled: unscaled * 10n ** BigInt(-scale), scale: 0 } : { unscaled, scale };
}
