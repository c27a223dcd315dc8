import { isUtf8 } from "node:buffer";
import { maxNesting, ValueFault } from "./value-fault.ts";

/** Elements without bytes of their own (such as nulls) that one value may have. */
const maxEmptyElements = 1_000_000;

const otherSchema = "the bytes were probably written with another schema";

/** Moves over the primitives of Avro's binary encoding. No length or count is believed before it is checked. */
export class ByteCursor {
  readonly #bytes: Buffer;
  #at = 0;
  #emptyElements = 0;
  #depth = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  position(): number {
    return this.#at;
  }

  requireEnd(): void {
    const left = this.#bytes.length - this.#at;
    if (left === 0) return;
    throw new ValueFault(`the end of the data after ${this.#at} bytes`, `${left} bytes more`, otherSchema);
  }

  skip(size: number): void {
    const left = this.#bytes.length - this.#at;
    if (size > left) {
      throw new ValueFault(
        `${size} more bytes at byte ${this.#at}`,
        `${left}`,
        "the bytes are cut off or were written with another schema",
      );
    }
    this.#at += size;
  }

  readByte(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) this.skip(1);
    this.#at += 1;
    return byte ?? 0;
  }

  /** A zigzag varint of at most 32 bits. */
  readInt(): number {
    let bits = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.readByte();
      if (shift === 28 && byte > 0x0f) break;
      bits |= (byte & 0x7f) << shift;
      if (byte < 0x80) return (bits >>> 1) ^ -(bits & 1);
    }
    throw new ValueFault("an int of 32 bits", "a longer number", otherSchema);
  }

  skipLong(): void {
    for (let count = 1; count < 10; count++) if (this.readByte() < 0x80) return;
    if (this.readByte() > 1) throw new ValueFault("a long of 64 bits", "a longer number", otherSchema);
  }

  /** A long that stands for a size; beyond 2^53 it is not exact, and too large in any case. */
  #readSize(): number {
    const start = this.#at;
    this.skipLong();
    let zigzag = 0;
    for (let at = this.#at - 1; at >= start; at--) zigzag = zigzag * 0x80 + ((this.#bytes[at] ?? 0) & 0x7f);
    const isNegative = ((this.#bytes[start] ?? 0) & 1) === 1;
    return isNegative ? -(zigzag + 1) / 2 : zigzag / 2;
  }

  skipBytes(): void {
    const length = this.#readSize();
    if (length < 0) throw new ValueFault("a length", `${length}`);
    this.skip(length);
  }

  skipString(): void {
    const length = this.#readSize();
    if (length < 0) throw new ValueFault("a length", `${length}`);
    let at = this.#at;
    this.skip(length);
    while (at < this.#at && (this.#bytes[at] ?? 0) < 0x80) at += 1;
    if (at === this.#at || isUtf8(this.#bytes.subarray(at, this.#at))) return;
    throw new ValueFault("a string in UTF-8", `${length} bytes that are not UTF-8`);
  }

  /** The string that was found at an earlier position. */
  stringAt(position: number): string {
    const end = this.#at;
    this.#at = position;
    const length = this.#readSize();
    const text = this.#bytes.toString("utf8", this.#at, this.#at + length);
    this.#at = end;
    return text;
  }

  /**
   * The element count of the next block of an array or map; 0 ends it. Refuses counts that the remaining bytes cannot
   * hold, when elements take bytes at all.
   */
  readBlock(elementsTakeBytes: boolean): number {
    let count = this.#readSize();
    if (count < 0) {
      count = -count;
      this.skipLong();
    }
    const left = this.#bytes.length - this.#at;
    if (elementsTakeBytes) {
      if (count > left) throw new ValueFault(`a count of elements that fits ${left} bytes`, `${count}`);
      return count;
    }
    this.#emptyElements += count;
    if (this.#emptyElements > maxEmptyElements) {
      throw new ValueFault(`at most ${maxEmptyElements} elements without data`, `${this.#emptyElements}`);
    }
    return count;
  }

  /** Counts the records that the next value is inside of; `leave` undoes it. */
  enter(): void {
    this.#depth += 1;
    if (this.#depth > maxNesting) throw new ValueFault(`at most ${maxNesting} nested records`, "more");
  }

  leave(): void {
    this.#depth -= 1;
  }
}
