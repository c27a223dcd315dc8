import type avsc from "avsc";
import { ByteCursor } from "./byte-cursor.ts";
import { checkBytes } from "./check-bytes.ts";
import { fromAvscValue, type Reading } from "./from-avsc-value.ts";
import { toPublicError } from "./value-fault.ts";

/**
 * Reads exactly one value: bytes are checked first, then avsc reads them as `type`, the writer's, and the result
 * becomes a value of the reader. Throws `AvroValueError`.
 */
export function decoder(type: avsc.Type, reading: Reading): (bytes: Uint8Array) => unknown {
  const check = checkBytes(reading.writer);
  const convert = fromAvscValue(reading);
  return (bytes) => {
    const buffer = Buffer.isBuffer(bytes)
      ? bytes
      : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    try {
      const cursor = new ByteCursor(buffer);
      check(cursor);
      cursor.requireEnd();
      return convert(type.fromBuffer(buffer));
    } catch (error) {
      throw toPublicError(error);
    }
  };
}
